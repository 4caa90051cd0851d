import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileIdAt, type MemberId, ROOT_FILE_ID } from '../../src/base/index.js';
import type { CollectiveEvent } from '../../src/events/index.js';
import { Cluster } from '../../test/support/cluster/index.js';
import { cpuSecondsOf, residentBytesOf } from '../measure/process.js';
import { type Figure, figure } from '../measure/statistics.js';
import { appendOffline } from './own-log.js';
import { durableSequence, invite, logsFolder, peerList, sleep } from './people.js';

const FILES_PER_FOLDER = 1000;
const BLOCK_EVENTS = 256;
const POLL_MS = 100;
const PROGRESS_EVENTS = 20_000;
/** Without views, all events are applied before it is ready. */
const READY_MS = 30 * 60_000;
const MEGABYTE = 1e6;

/** A member with so many events in its log, and one that joins it: killed at half, and started again. Real processes, real disks. */
export async function benchJoin(events: number, progress: (text: string) => void): Promise<readonly Figure[]> {
  const root = await mkdtemp(join(tmpdir(), 'collective-join-'));
  const members: Cluster[] = [];
  try {
    for (const memberName of ['old', 'new']) {
      await mkdir(join(root, memberName));
      members.push(await Cluster.start({ root: join(root, memberName), memberName, nodes: 0, readyWithinMs: READY_MS }));
    }
    const [old, fresh] = members as [Cluster, Cluster];
    await old.coordinator.stop();
    progress(`a log of ${events} events is written ...`);
    const memberId = await writeEvents(await logsFolder(old), events);
    progress('its member starts ...');
    const begun = performance.now();
    await old.coordinator.start();
    const limit = (1000 * events) / (performance.now() - begun);
    const joined = await joining(old, fresh, memberId, progress);
    return [
      figure(`a start without views, which reads and applies the own log of ${events} events: the limit`, 'events/s', [limit]),
      ...joined.figures,
      figure('joining: of that limit, both runs', '%', [(100 * joined.eventsPerSecond) / limit]),
    ];
  } finally {
    // An orderly end, so that a profiler can write what it has.
    await Promise.all(members.map((member) => member.stop()));
    await rm(root, { recursive: true });
  }
}

async function joining(
  old: Cluster,
  fresh: Cluster,
  memberId: MemberId,
  progress: (text: string) => void,
): Promise<{ readonly figures: readonly Figure[]; readonly eventsPerSecond: number }> {
  const copy = join(await logsFolder(fresh), memberId);
  await invite(old, fresh);
  const total = durableSequence(join(await logsFolder(old), memberId));
  const before = { cpu: cpuSecondsOf(fresh.coordinator.pid ?? 0), theirs: cpuSecondsOf(old.coordinator.pid ?? 0) };
  const begun = performance.now();
  await untilHeld(copy, Math.ceil(total / 2), progress);
  const cpuBefore = cpuSecondsOf(fresh.coordinator.pid ?? 0) - before.cpu;
  await fresh.coordinator.stop('SIGKILL');
  const [halfMs, kept] = [performance.now() - begun, durableSequence(copy)];
  progress(`killed at ${kept} of ${total} events after ${Math.round(halfMs)} ms`);
  const again = performance.now();
  await fresh.coordinator.start();
  const startedMs = performance.now() - again;
  await untilHeld(copy, total, progress);
  const storedMs = performance.now() - again;
  for (;;) {
    const { logs } = await peerList(fresh);
    if ((logs.find(({ origin }) => origin === memberId)?.appliedSequence ?? 0) >= total) break;
    await sleep(POLL_MS);
  }
  const appliedMs = performance.now() - again;
  const pid = fresh.coordinator.pid ?? 0;
  const cpu = cpuBefore + cpuSecondsOf(pid);
  const name = `joining a member with ${total} events`;
  const per = (count: number, ms: number): number => (1000 * count) / ms;
  const eventsPerSecond = per(total, halfMs + appliedMs);
  const figures = [
    figure(`${name}: fetched, verified and stored until it is killed at half`, 'events/s', [per(kept, halfMs)]),
    figure(`${name}: events held durably when it was killed`, 'events', [kept]),
    figure(`${name}: from its next start until it serves`, 's', [startedMs / 1000]),
    figure(`${name}: the rest, from the next start until it is stored`, 'events/s', [per(total - kept, storedMs)]),
    figure(`${name}: from the next start until all is applied`, 's', [appliedMs / 1000]),
    figure(`${name}: both runs, until all is applied`, 'events/s', [eventsPerSecond]),
    figure(`${name}: CPU of the one that joins`, 's', [cpu]),
    figure(`${name}: CPU of the other`, 's', [cpuSecondsOf(old.coordinator.pid ?? 0) - before.theirs]),
    figure(`${name}: peak memory of the one that joins, second run`, 'MB', [residentBytesOf(pid).peak / MEGABYTE]),
  ];
  return { figures, eventsPerSecond };
}

/** Tells of each 20,000 events that have become durable. */
async function untilHeld(copy: string, wanted: number, progress: (text: string) => void): Promise<void> {
  const begun = performance.now();
  let told = durableSequence(copy);
  for (let held = told; held < wanted; held = durableSequence(copy)) {
    if (held - told >= PROGRESS_EVENTS) {
      progress(`${held} events are stored after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
      told = held;
    }
    await sleep(POLL_MS);
  }
}

/** Files in folders; the views are built at its next start. */
async function writeEvents(logs: string, count: number): Promise<MemberId> {
  const modified = { seconds: 1_900_000_000, nanoseconds: 0 };
  let parentId = ROOT_FILE_ID;
  let made = 0;
  return appendOffline(logs, (next) => {
    const events: CollectiveEvent[] = [];
    for (; events.length < BLOCK_EVENTS && made < count; made += 1) {
      const folder = made % FILES_PER_FOLDER === 0;
      const parent = folder ? ROOT_FILE_ID : parentId;
      if (folder) parentId = fileIdAt({ epoch: next.epoch, sequence: next.sequence + events.length });
      const name = folder ? `folder-${made}` : `file-${made}.jpg`;
      events.push({ type: folder ? 'DirectoryCreated' : 'FileCreated', parentId: parent, name, mode: 0o644, modified });
    }
    return events;
  });
}

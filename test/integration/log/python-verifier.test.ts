import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isCollectiveError, type MemberId } from '../../../src/base/index.js';
import { exportLog } from '../../../src/cli/compose/export-log.js';
import { verifyLog, type CollectiveEvent } from '../../../src/events/index.js';
import { NodeFileSystem, NodeSignatureVerifier } from '../../../src/runtime/index.js';
import { SeededRandom } from '../../simulation/ports/index.js';
import { StartedCoordinator } from '../../support/coordinator/started-coordinator.js';
import { eventArbitraries, hasher, originOf } from '../../support/events.js';
import { LOG_FAULTS } from '../../support/faults/log-faults.js';
import { commitBlock, endorsed, foundedLog, IDENTITY, largeBlock, logKey, smallEvent } from '../../support/logs.js';
import { verifyInWords, verifyWithPython, type PythonReport } from '../../support/python/verify-log.js';

const DAMAGED_LOGS = Number(process.env['DAMAGED_LOGS'] ?? 200);
const SEED = process.env['DAMAGED_LOGS_SEED'] ?? '1';

const fileSystem = new NodeFileSystem();
const verifier = new NodeSignatureVerifier();
const origin = originOf(1);
const { signal } = new AbortController();
let root = '';

/** What both say of a log: whether it is sound, how much of it, and every damaged place. */
interface Verdict {
  readonly ok: boolean;
  readonly events: number;
  readonly sequence: number;
  readonly damages: readonly string[];
}

async function verdictOfProgram(directory: string, member = origin): Promise<Verdict> {
  const damages: string[] = [];
  try {
    for await (const said of verifyLog({ fileSystem, hasher, verifier, directory, origin: member })) {
      if (said.kind === 'damage') damages.push(`${said.file} @${said.offset} #${said.sequence}`);
      if (said.kind === 'finished') return { ok: damages.length === 0, events: said.events, sequence: said.sequence, damages };
    }
  } catch (error) {
    if (!isCollectiveError(error) || error.code !== 'LOG_DAMAGED') throw error;
    const { file, offset, sequence } = error.details;
    return { ok: false, events: 0, sequence: 0, damages: [`${String(file)} @${String(offset)} #${String(sequence)}`] };
  }
  throw new Error('the verification did not finish');
}

const verdictOf = ({ ok, events, sequence, damages }: PythonReport): Verdict => ({
  ok,
  events,
  sequence,
  damages: damages.map(({ file, offset, sequence: first }) => `${file} @${offset} #${first}`),
});

/** These stand alone in their blocks, and mean something for the blocks that follow. */
const BOUND_TO_THE_CHAIN: readonly CollectiveEvent['type'][] = ['LogKeyRotated', 'EpochStarted'];

/** Events of every type, many to a block; then a few large ones, so that there are several segments. */
async function manyEvents(directory: string): Promise<void> {
  const arbitraries = Object.entries(eventArbitraries)
    .filter(([type]) => !BOUND_TO_THE_CHAIN.some((bound) => bound === type))
    .map(([, arbitrary]) => arbitrary);
  const events = arbitraries.flatMap((arbitrary) => fc.sample(arbitrary, { seed: 7, numRuns: 8 }));
  const log = await foundedLog(fileSystem, '', { directory });
  const random = new SeededRandom('blocks');
  while (events.length > 0) await commitBlock(log, events.splice(0, 1 + random.integer(12)));
  for (let blocks = 0; blocks < 6; blocks += 1) await commitBlock(log, largeBlock);
  await log.close();
}

/** Three segments, five keys and three epochs. */
async function changingKeys(directory: string): Promise<void> {
  const log = await foundedLog(fileSystem, '', { directory });
  const next = (number: number, epoch: number) => {
    const signer = logKey(number);
    return { signer, endorsement: endorsed(signer, log.head.sequence + 2, epoch) };
  };
  await commitBlock(log, [smallEvent('a'), smallEvent('b')]);
  await log.rotateKey(next(2, 1));
  await commitBlock(log, largeBlock);
  await log.startEpoch({ ...next(3, 2), identitySigner: IDENTITY, reason: 'the disk was lost' });
  await commitBlock(log, [smallEvent('c')]);
  for (let blocks = 0; blocks < 4; blocks += 1) await commitBlock(log, largeBlock);
  await log.rotateKey(next(4, 2));
  await log.startEpoch({ ...next(5, 7), identitySigner: IDENTITY, epoch: 7, reason: '' });
  for (let blocks = 0; blocks < 4; blocks += 1) await commitBlock(log, [smallEvent(`${blocks}`), ...largeBlock.slice(6)]);
  await log.close();
}

async function fewBlocks(directory: string): Promise<void> {
  const log = await foundedLog(fileSystem, '', { directory });
  for (let blocks = 0; blocks < 2; blocks += 1) await commitBlock(log, largeBlock.slice(0, 2 + blocks));
  await log.close();
}

const LOGS = { manyEvents, changingKeys, fewBlocks };

/** Zeros that end a file are worth no copying. */
async function trimmed(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.segment')) continue;
    const bytes = await readFile(join(folder, name));
    const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
    await truncate(join(folder, name), Math.min(bytes.length, end + 100));
  }
}

const folderOf = (parent: string, member: MemberId = origin): string => join(root, parent, member);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'collective-python-'));
  for (const [name, make] of Object.entries(LOGS)) {
    await mkdir(join(root, name));
    await make(folderOf(name));
  }
});

afterAll(() => rm(root, { recursive: true }));

describe('the verifier in Python', () => {
  it('finds a sound log sound, to the last event', async () => {
    const folders = Object.keys(LOGS).map((name) => folderOf(name));
    const { code, reports } = await verifyWithPython(...folders);
    expect(reports.map(({ damages }) => damages)).toEqual([[], [], []]);
    expect(code).toBe(0);
    for (const [index, folder] of folders.entries()) {
      const report = reports[index];
      expect(report?.origin).toBe(origin);
      expect(report && verdictOf(report)).toEqual(await verdictOfProgram(folder));
    }
  });

  it('finds the log of a coordinator at work sound, thousands of events long', async () => {
    const coordinator = await StartedCoordinator.found();
    try {
      const { files, directory, founded } = coordinator;
      const modified = { seconds: 1_700_000_000, nanoseconds: 5 };
      const make = (call: number) => {
        const paths = Array.from({ length: 200 }, (_, index) => `/${call}/${index}`);
        const directories = paths.map((path) => ({ path, mode: 0o755, modified, makeParents: true, existOk: false }));
        return files.makeDirectories({ requestId: `make-${call}`, directories }, { signal });
      };
      await Promise.all(Array.from({ length: 15 }, (_, call) => make(call)));
      const { memberId } = founded.material;
      const request = { directory, origin: memberId, target: join(root, 'exported'), signal };
      const exported = await exportLog(request, { fileSystem, hasher, verifier });
      expect(exported.events).toBeGreaterThan(3000);
      expect(await exportLog(request, { fileSystem, hasher, verifier })).toEqual({ ...exported, events: 0 });
      await coordinator.stop();
      const folder = join(directory, 'log', memberId);
      const { code, reports } = await verifyWithPython(folder, exported.folder);
      const verdict = await verdictOfProgram(folder, memberId);
      expect(reports.map(verdictOf)).toEqual([verdict, verdict]);
      expect(code).toBe(0);
      expect(reports[0]?.events).toBeGreaterThan(3000);
    } finally {
      await coordinator.remove();
    }
  });

  it('says what it finds in lines, and by its exit code', async () => {
    await cp(folderOf('fewBlocks'), folderOf('flipped'), { recursive: true });
    await LOG_FAULTS['bit with a checksum made right']?.(folderOf('flipped'), new SeededRandom(1));
    const { code, stdout } = await verifyInWords(folderOf('fewBlocks'), folderOf('flipped'));
    expect(code).toBe(8);
    const [sound, ...damaged] = stdout.trimEnd().split('\n');
    expect(sound).toMatch(/^sound .*: 6 events in 3 blocks, 1 segments, up to event 6$/);
    expect(damaged[0]).toMatch(/^damage .*: 0000000000000001.segment byte \d+ event \d+: /);
    expect(damaged.at(-1)).toMatch(/^damaged .*: \d damages; /);
    expect((await verifyInWords(join(root, 'nowhere'))).code).toBe(4);
    expect((await verifyInWords()).code).toBe(2);
  });

  it("refuses another member's log under this member's name", async () => {
    const other = folderOf('other', originOf(2));
    await cp(folderOf('fewBlocks'), other, { recursive: true });
    const { code, reports } = await verifyWithPython(other);
    expect(code).toBe(8);
    expect(reports[0]?.damages).toMatchObject([{ file: 'IDENTITY', sequence: 0 }]);
  });

  it('agrees with the program on each damaged log, place by place', async () => {
    const kinds = Object.entries(LOG_FAULTS);
    const trials: { readonly folder: string; readonly what: string; readonly verdict: Verdict }[] = [];
    for (const name of Object.keys(LOGS)) await trimmed(folderOf(name));
    for (let index = 0; index < DAMAGED_LOGS; index += 1) {
      const random = new SeededRandom(`${SEED}/${index}`);
      const folder = folderOf(`trial-${index}`);
      await cp(folderOf(random.pick(['manyEvents', 'changingKeys', 'changingKeys', 'fewBlocks'])), folder, { recursive: true });
      const [kind, fault] = kinds[index % kinds.length] ?? ['', undefined];
      const what = `trial ${index} (${kind}): ${await fault?.(folder, random)}`;
      trials.push({ folder, what, verdict: await verdictOfProgram(folder) });
    }
    const { reports } = await verifyWithPython(...trials.map(({ folder }) => folder));
    const told = reports.map((report, index) => ({ what: trials[index]?.what, ...verdictOf(report) }));
    expect(told).toEqual(trials.map(({ what, verdict }) => ({ what, ...verdict })));
    const damaged = trials.filter(({ verdict }) => !verdict.ok).length;
    expect(damaged).toBeGreaterThan(DAMAGED_LOGS / 2);
  });
});

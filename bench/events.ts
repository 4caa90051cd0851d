import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LIMITS, type MemberId, type RequestId } from '../src/base/index.js';
import { createLog, openLog, type EventDraft, type EventLog, type LogOptions } from '../src/events/index.js';
import { createSigner, generateKeyPair, memberIdOf } from '../src/identity/index.js';
import { NodeFileSystem, NodeHasher, NodeSignatureVerifier, SystemClock, SystemRandom } from '../src/runtime/index.js';
import { figure, type Figure } from './measure/statistics.js';

const CALLERS = 64;
const CALLS_PER_CALLER = 200;

const draft = (number: number): EventDraft => ({
  event: {
    type: 'FileCreated',
    parentId: '1-1' as never,
    name: `IMG_${number}.jpg`,
    mode: 0o644,
    modified: { seconds: 1_700_000_000 + number, nanoseconds: 123_456_789 },
  },
  actor: 'client/clientclientclie',
  request: { id: `request-${number}` as RequestId, commandHash: new Uint8Array(16).fill(number) },
  cause: undefined,
});

/** Events a second appended to a log on this machine's disk and read back verified, and how long a start takes. */
export async function benchEvents(events = 100_000, runs = 3): Promise<readonly Figure[]> {
  const full: number[] = [];
  const grouped: number[] = [];
  const replayed: number[] = [];
  const startsMs: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const root = await mkdtemp(join(tmpdir(), 'collective-bench-events-'));
    try {
      const options = optionsIn(root);
      full.push(await withLog(createLog(options), (log) => appendFullBlocks(log, events)));
      const startedMs = performance.now();
      const log = await openLog(options);
      startsMs.push(performance.now() - startedMs);
      replayed.push(await withLog(Promise.resolve(log), replay));
      grouped.push(await withLog(openLog(options), appendFromCallers));
    } finally {
      await rm(root, { recursive: true });
    }
  }
  return [
    figure('log: append, full blocks', 'events/s', full),
    figure(`log: append, ${CALLERS} callers of one event each`, 'events/s', grouped),
    figure('log: replay, decoded and verified', 'events/s', replayed),
    figure(`log: start with ${events} events`, 'ms', startsMs),
  ];
}

function optionsIn(root: string): LogOptions {
  const [hasher, random] = [new NodeHasher(), new SystemRandom()];
  const keys = generateKeyPair(random, hasher);
  const origin: MemberId = memberIdOf(keys.publicKey, hasher);
  return {
    fileSystem: new NodeFileSystem(),
    verifier: new NodeSignatureVerifier(),
    clock: new SystemClock(),
    signer: createSigner(keys),
    directory: join(root, 'log'),
    origin,
    hasher,
    random,
  };
}

async function withLog<Value>(opening: Promise<EventLog>, use: (log: EventLog) => Promise<Value>): Promise<Value> {
  const log = await opening;
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}

async function perSecond(count: number, work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return Math.round((count / (performance.now() - startedMs)) * 1000);
}

const appendFullBlocks = (log: EventLog, events: number): Promise<number> =>
  perSecond(events, async () => {
    for (let number = 0; number < events; ) {
      const builder = log.begin();
      for (let count = 0; count < LIMITS.blockEvents && number < events; count += 1) {
        builder.add(draft(number));
        number += 1;
      }
      await builder.commit();
    }
  });

/** Callers that each wait for their event before they ask for the next: what waits during a commit shares the next block. */
const appendFromCallers = (log: EventLog): Promise<number> =>
  perSecond(CALLERS * CALLS_PER_CALLER, async () => {
    const waiting: { readonly draft: EventDraft; readonly done: () => void }[] = [];
    let left = CALLERS;
    const caller = async (first: number): Promise<void> => {
      for (let call = 0; call < CALLS_PER_CALLER; call += 1) {
        await new Promise<void>((done) => waiting.push({ draft: draft(first + call), done }));
      }
      left -= 1;
    };
    const callers = Array.from({ length: CALLERS }, (_, index) => caller(index * CALLS_PER_CALLER));
    while (left > 0) {
      const batch = waiting.splice(0, LIMITS.blockEvents);
      const builder = log.begin();
      for (const { draft: asked } of batch) builder.add(asked);
      await builder.commit();
      for (const { done } of batch) done();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(callers);
  });

async function replay(log: EventLog): Promise<number> {
  return perSecond(log.head.sequence, async () => {
    for await (const block of log.read({ fromSequence: 1 })) {
      if (block.events.some(({ event }) => event === undefined)) throw new Error('an event was not decoded');
    }
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(JSON.stringify(await benchEvents(), undefined, 2));
}

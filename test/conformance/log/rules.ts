import { expect } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import { createLog, openLog, openLogForReading, verifyLog, type EventLog, type StoredBlock } from '../../../src/events/index.js';
import type { FileSystem } from '../../../src/ports/index.js';
import { draftOf, originOf, signerOf } from '../../support/events.js';
import { failureOf, told } from '../../support/failures.js';
import {
  collect,
  commitBlock,
  damagesOf,
  largeBlock,
  largeEvent,
  logOptions,
  namesOf,
  readAll,
  smallEvent,
  StillClock,
} from '../../support/logs.js';
import type { Rule } from '../../support/rules.js';

export interface LogSubject {
  readonly fileSystem: FileSystem;
  readonly root: string;
}

/** A log of three segments and more, and its blocks. */
export async function longLog({
  fileSystem,
  root,
}: LogSubject): Promise<{ readonly log: EventLog; readonly blocks: readonly StoredBlock[] }> {
  const log = await createLog(logOptions(fileSystem, root));
  const blocks: StoredBlock[] = [];
  for (let index = 0; index < 12; index += 1) {
    blocks.push(await commitBlock(log, [smallEvent(`${index}`), largeEvent, ...largeBlock.slice(2)]));
  }
  return { log, blocks };
}

const sequencesOf = (blocks: readonly StoredBlock[]): readonly number[] =>
  blocks.flatMap(({ events }) => events.map(({ envelope }) => envelope.position.sequence));

/** What every log does, on any file system. */
export const logRules: readonly Rule<LogSubject>[] = [
  [
    'a new log is empty, and opens empty',
    async ({ fileSystem, root }) => {
      const options = logOptions(fileSystem, root);
      const log = await createLog(options);
      expect(log.head).toEqual({ origin: originOf(1), epoch: 1, sequence: 0, headerHash: new Uint8Array(32) });
      expect(await readAll(log)).toEqual([]);
      await log.close();
      const again = await openLog(options);
      expect(again.head.sequence).toBe(0);
      expect(await damagesOf(again.verify())).toEqual([]);
      await again.close();
    },
  ],
  [
    'what was committed is read back: events, actors, requests, causes, positions, bytes',
    async ({ fileSystem, root }) => {
      const log = await createLog(logOptions(fileSystem, root));
      const builder = log.begin();
      const cause = { origin: originOf(2), epoch: 7, sequence: 9 };
      const request = { id: 'request' as never, commandHash: new Uint8Array(16).fill(3) };
      const added = [
        builder.add(draftOf(smallEvent('a'))),
        builder.add({ event: largeEvent, actor: 'client/clientclientclie', request, cause }),
      ];
      expect(builder.events).toEqual(added);
      const block = await builder.commit();
      expect(block.events).toEqual(added);
      expect(await readAll(log)).toEqual([block]);
      expect(added.map(({ envelope }) => envelope.position)).toEqual([
        { origin: originOf(1), epoch: 1, sequence: 1 },
        { origin: originOf(1), epoch: 1, sequence: 2 },
      ]);
      expect(added[1]?.envelope).toMatchObject({ actor: 'client/clientclientclie', request, cause });
      expect(log.head).toEqual({ origin: originOf(1), epoch: 1, sequence: 2, headerHash: block.headerHash });
      await log.close();
    },
  ],
  [
    'a log that is opened again holds everything and goes on where it stopped',
    async (subject) => {
      const { log, blocks } = await longLog(subject);
      await log.close();
      const again = await openLog(logOptions(subject.fileSystem, subject.root));
      expect(again.recovery).toEqual({ keptBlocks: 0, droppedBytes: 0, notices: [] });
      expect(again.head).toEqual(log.head);
      expect(again.headTimeMs).toBe(log.headTimeMs);
      const next = await commitBlock(again, [smallEvent('next')]);
      expect(next.header.firstSequence).toBe(121);
      expect(next.header.previousHeaderHash).toEqual(blocks.at(-1)?.headerHash);
      expect(namesOf(await readAll(again))).toEqual(namesOf([...blocks, next]));
      expect(await damagesOf(again.verify())).toEqual([]);
      await again.close();
    },
  ],
  [
    'segments are named by their first event, and no block spans two',
    async (subject) => {
      const { log } = await longLog(subject);
      await log.close();
      const names = await subject.fileSystem.readDirectory(`${subject.root}/log`);
      const segments = names.filter((name) => name.endsWith('.segment')).sort();
      expect(segments.length).toBeGreaterThan(2);
      expect(segments[0]).toBe('0000000000000001.segment');
      expect(names.filter((name) => !segments.includes(name)).sort()).toEqual(['HEAD.0', 'HEAD.1', 'IDENTITY']);
    },
  ],
  [
    'times rise by at least one, also when the clock stands still or goes back',
    async ({ fileSystem, root }) => {
      const clock = new StillClock();
      const log = await createLog(logOptions(fileSystem, root, { clock }));
      const first = await commitBlock(log, [smallEvent('a'), smallEvent('b')]);
      clock.ms -= 60_000;
      const second = await commitBlock(log, [smallEvent('c')]);
      clock.ms += 120_000;
      const third = await commitBlock(log, [smallEvent('d')]);
      const start = clock.ms - 60_000;
      const times = [first, second, third].flatMap(({ events }) => events.map(({ envelope }) => envelope.timeMs));
      expect(times).toEqual([start, start + 1, start + 2, clock.ms]);
      expect(log.headTimeMs).toBe(clock.ms);
      await log.close();
    },
  ],
  [
    'reading starts at the block that holds the first sequence and ends with the one that holds the last',
    async (subject) => {
      const { log, blocks } = await longLog(subject);
      for (const fromSequence of [1, 2, 10, 11, 45, 119, 120]) {
        for (const toSequence of [fromSequence, fromSequence + 17, 1000]) {
          const expected = blocks.filter(
            ({ header, lastSequence }) => lastSequence >= fromSequence && header.firstSequence <= toSequence,
          );
          expect(namesOf(await collect(log.read({ fromSequence, toSequence })))).toEqual(namesOf(expected));
        }
      }
      expect(await collect(log.read({ fromSequence: 121 }))).toEqual([]);
      await log.close();
    },
  ],
  [
    'reading sees what was durable when it was asked for, whatever is appended meanwhile',
    async (subject) => {
      const { log, blocks } = await longLog(subject);
      const reading = log.read({ fromSequence: 1 })[Symbol.asyncIterator]();
      const first = await reading.next();
      const appended = [commitBlock(log, [largeEvent])];
      const rest: StoredBlock[] = first.done === true ? [] : [first.value];
      for (let next = await reading.next(); next.done !== true; next = await reading.next()) rest.push(next.value);
      await Promise.all(appended);
      expect(namesOf(rest)).toEqual(namesOf(blocks));
      expect((await readAll(log)).length).toBe(blocks.length + 1);
      await log.close();
    },
  ],
  [
    'nothing of a block can be read before it is committed',
    async ({ fileSystem, root }) => {
      const log = await createLog(logOptions(fileSystem, root));
      const builder = log.begin();
      builder.add(draftOf(smallEvent('a')));
      expect(log.head.sequence).toBe(0);
      expect(await readAll(log)).toEqual([]);
      const committing = builder.commit();
      expect(await collect(log.read({ fromSequence: 1 }))).toEqual([]);
      await committing;
      expect((await readAll(log)).length).toBe(1);
      await log.close();
    },
  ],
  [
    'listeners are told of each block, once it is durable and before its commit resolves, until they stop',
    async ({ fileSystem, root }) => {
      const log = await createLog(logOptions(fileSystem, root));
      const told: string[] = [];
      const stop = log.onCommitted((block) => told.push(`${block.lastSequence} of ${log.head.sequence}`));
      await commitBlock(log, [smallEvent('a'), smallEvent('b')]).then(() => told.push('committed'));
      stop();
      await commitBlock(log, [smallEvent('c')]);
      expect(told).toEqual(['2 of 2', 'committed']);
      await log.close();
    },
  ],
  [
    'a listener that throws fails the log',
    async ({ fileSystem, root }) => {
      const options = logOptions(fileSystem, root);
      const log = await createLog(options);
      log.onCommitted(() => {
        throw new Error('a view fell over');
      });
      expect(told(await failureOf(commitBlock(log, [smallEvent('a')])))).toContain('LOG_FAILED');
      expect(log.failure).toMatchObject({ code: 'LOG_FAILED' });
      expect(() => log.begin()).toThrow(expect.objectContaining({ code: 'LOG_FAILED' }));
      await log.close();
      const again = await openLog(options);
      expect(again.head.sequence).toBe(1);
      await again.close();
    },
  ],
  [
    'there is one writer, and a discarded block leaves its positions to the next',
    async ({ fileSystem, root }) => {
      const log = await createLog(logOptions(fileSystem, root));
      const builder = log.begin();
      expect(builder.add(draftOf(smallEvent('a'))).envelope.position.sequence).toBe(1);
      expect(() => log.begin()).toThrow(/one writer/);
      builder.discard();
      expect(() => builder.add(draftOf(smallEvent('a')))).toThrow(/open/);
      expect(() => builder.commit()).toThrow(/once/);
      const next = log.begin();
      expect(() => next.commit()).toThrow(/has events/);
      expect(next.add(draftOf(smallEvent('b'))).envelope.position.sequence).toBe(1);
      await next.commit();
      await log.close();
    },
  ],
  [
    'a block holds at most 256 events',
    async ({ fileSystem, root }) => {
      const log = await createLog(logOptions(fileSystem, root));
      const builder = log.begin();
      const drafts = Array.from({ length: LIMITS.blockEvents }, (_, index) => draftOf(smallEvent(`${index}`)));
      expect(builder.fits(drafts)).toBe(true);
      expect(builder.fits([...drafts, draftOf(smallEvent('more'))])).toBe(false);
      for (const draft of drafts) builder.add(draft);
      expect(builder.fits([draftOf(smallEvent('more'))])).toBe(false);
      expect(() => builder.add(draftOf(smallEvent('more')))).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
      const block = await builder.commit();
      expect(sequencesOf([block])).toEqual(drafts.map((_, index) => index + 1));
      await log.close();
    },
  ],
  [
    'a block holds at most 256 KiB',
    async ({ fileSystem, root }) => {
      const log = await createLog(logOptions(fileSystem, root));
      const builder = log.begin();
      let count = 0;
      for (; builder.fits([draftOf(largeEvent)]); count += 1) builder.add(draftOf(largeEvent));
      expect(builder.fits(Array.from({ length: count }, () => draftOf(largeEvent)))).toBe(false);
      expect(() => builder.add(draftOf(largeEvent))).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
      const { bytes } = await builder.commit();
      expect(bytes.length).toBeLessThanOrEqual(LIMITS.blockBytes);
      expect(bytes.length).toBeGreaterThan(LIMITS.blockBytes - 20_000);
      expect((await readAll(log)).length).toBe(1);
      await log.close();
    },
  ],
  [
    'an event that cannot be recorded is refused and leaves the block as it was',
    async ({ fileSystem, root }) => {
      const log = await createLog(logOptions(fileSystem, root));
      const builder = log.begin();
      const wrong = [
        draftOf(smallEvent('x'.repeat(100))),
        draftOf(smallEvent('a'), 'node/nobody'),
        { ...draftOf(smallEvent('a')), request: { id: 'no spaces' as never, commandHash: new Uint8Array(16) } },
        { ...draftOf(smallEvent('a')), cause: { origin: originOf(1), epoch: 0, sequence: 1 } },
      ];
      for (const draft of wrong) {
        expect(builder.fits([draft])).toBe(true);
        expect(() => builder.add(draft)).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }));
      }
      expect(builder.events).toEqual([]);
      builder.add(draftOf(smallEvent('right')));
      expect((await builder.commit()).header.count).toBe(1);
      await log.close();
    },
  ],
  [
    'a log is made once, and opened only where one was made, for its origin and with its key',
    async ({ fileSystem, root }) => {
      const options = logOptions(fileSystem, root);
      expect(told(await failureOf(openLog(options)))).toContain('NOT_FOUND');
      expect(told(await failureOf(openLogForReading(options)))).toContain('NOT_FOUND');
      await (await createLog(options)).close();
      expect(told(await failureOf(createLog(options)))).toContain('ALREADY_EXISTS');
      expect(told(await failureOf(openLog({ ...options, signer: signerOf(2) })))).toContain('CONFIG_INVALID');
      expect(told(await failureOf(openLog({ ...options, origin: originOf(2) })))).toContain('LOG_DAMAGED');
    },
  ],
  [
    'a log can be read without its key and without changing it',
    async (subject) => {
      const { log, blocks } = await longLog(subject);
      await log.close();
      const reader = await openLogForReading(logOptions(subject.fileSystem, subject.root));
      expect(reader.head).toEqual(log.head);
      expect(reader.headTimeMs).toBe(log.headTimeMs);
      expect(namesOf(await readAll(reader))).toEqual(namesOf(blocks));
      expect(namesOf(await collect(reader.read({ fromSequence: 75, toSequence: 76 })))).toEqual(namesOf(blocks.slice(7, 8)));
      expect(await damagesOf(reader.verify())).toEqual([]);
    },
  ],
  [
    'a verification counts what it saw',
    async (subject) => {
      const { log, blocks } = await longLog(subject);
      const live = await collect(log.verify());
      await log.close();
      const offline = await collect(verifyLog(logOptions(subject.fileSystem, subject.root)));
      const bytes = blocks.reduce((total, block) => total + block.bytes.length, 0);
      for (const said of [live, offline]) {
        expect(said.at(-1)).toMatchObject({ kind: 'finished', blocks: 12, events: 120, bytes, damages: 0, sequence: 120 });
        expect(said.filter(({ kind }) => kind === 'progress').length).toBeGreaterThan(2);
      }
    },
  ],
  [
    'reading and verifying end when they are cancelled',
    async (subject) => {
      const { log } = await longLog(subject);
      const signal = AbortSignal.abort();
      expect(told(await failureOf(collect(log.read({ fromSequence: 1, signal }))))).toContain('CANCELLED');
      expect(told(await failureOf(collect(log.verify({ signal }))))).toContain('CANCELLED');
      await log.close();
    },
  ],
  [
    'a closed log refuses everything, and closing waits for the commit that runs',
    async ({ fileSystem, root }) => {
      const log = await createLog(logOptions(fileSystem, root));
      const committing = commitBlock(log, [smallEvent('a')]);
      await log.close();
      expect((await committing).lastSequence).toBe(1);
      await log.close();
      expect(() => log.begin()).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
      expect(() => log.read({ fromSequence: 1 })).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    },
  ],
];

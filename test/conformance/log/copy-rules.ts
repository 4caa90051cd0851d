import { expect } from 'vitest';
import { createLog, openLog, openLogCopy, verifyLog, type EventLog, type StoredBlock } from '../../../src/events/index.js';
import { originOf } from '../../support/events.js';
import { failureOf, told } from '../../support/failures.js';
import {
  bytesOf,
  commitBlock,
  copyOptions,
  damagesOf,
  digestsOf,
  endorsed,
  foundedLog,
  IDENTITY,
  largeBlock,
  logKey,
  logOptions,
  namesOf,
  readAll,
  smallEvent,
} from '../../support/logs.js';
import type { Rule } from '../../support/rules.js';
import type { LogSubject } from './rules.js';

const rotate = (log: EventLog, number: number): Promise<StoredBlock> =>
  log.rotateKey({ signer: logKey(number), endorsement: endorsed(logKey(number)) });

const startEpoch = (log: EventLog, number: number, epoch?: number): Promise<StoredBlock> =>
  log.startEpoch({
    signer: logKey(number),
    identitySigner: IDENTITY,
    endorsement: endorsed(logKey(number)),
    reason: 'a test',
    ...(epoch === undefined ? {} : { epoch }),
  });

/** A log of several segments, keys and epochs. */
async function variedLog({ fileSystem, root }: LogSubject): Promise<EventLog> {
  const log = await foundedLog(fileSystem, root);
  for (let index = 0; index < 4; index += 1) await commitBlock(log, largeBlock);
  await rotate(log, 2);
  await commitBlock(log, [smallEvent('after the rotation')]);
  await startEpoch(log, 3);
  for (let index = 0; index < 4; index += 1) await commitBlock(log, largeBlock);
  await rotate(log, 4);
  return log;
}

/** Two logs with the same first blocks, which go on apart. */
async function parted(subject: LogSubject): Promise<{ readonly left: EventLog; readonly right: EventLog }> {
  const { fileSystem, root } = subject;
  const left = await foundedLog(fileSystem, root);
  await commitBlock(left, [smallEvent('common')]);
  const options = logOptions(fileSystem, root, { directory: `${root}/right`, signer: logKey(1) });
  const right = await createLog(options);
  await right.adopt(bytesOf(await readAll(left)));
  await commitBlock(left, [smallEvent('left')]);
  await commitBlock(left, [smallEvent('more left')]);
  await commitBlock(right, [smallEvent('right')]);
  return { left, right };
}

const closeAll = async (...logs: readonly { close(): Promise<void> }[]): Promise<void> => {
  for (const log of logs) await log.close();
};

export const copyRules: readonly Rule<LogSubject>[] = [
  [
    'a copy is made with the first block, holds the same bytes, and opens again where it stopped',
    async (subject) => {
      const log = await variedLog(subject);
      const blocks = await readAll(log);
      const options = copyOptions(subject.fileSystem, subject.root);
      const copy = await openLogCopy(options);
      expect(copy.head).toEqual({ origin: originOf(1), epoch: 1, sequence: 0, headerHash: new Uint8Array(32) });
      expect(await readAll(copy)).toEqual([]);
      await copy.append(bytesOf(blocks.slice(0, 5)));
      await copy.append(bytesOf(blocks.slice(5)));
      expect(copy.head).toEqual(log.head);
      await copy.close();
      const again = await openLogCopy(options);
      expect(again.head).toEqual(log.head);
      expect(again.headTimeMs).toBe(log.headTimeMs);
      expect(digestsOf(await readAll(again))).toEqual(digestsOf(blocks));
      expect(await damagesOf(again.verify())).toEqual([]);
      expect(again.recovery).toEqual({ keptBlocks: 0, droppedBytes: 0, notices: [] });
      await closeAll(again, log);
      expect(await damagesOf(verifyLog(options))).toEqual([]);
      expect(await damagesOf(verifyLog(logOptions(subject.fileSystem, subject.root)))).toEqual([]);
    },
  ],
  [
    'blocks that are held are ignored, and a gap is refused',
    async (subject) => {
      const log = await variedLog(subject);
      const bytes = bytesOf(await readAll(log));
      const copy = await openLogCopy(copyOptions(subject.fileSystem, subject.root));
      expect(told(await failureOf(copy.append(bytes.slice(1))))).toContain('LOG_DAMAGED');
      await copy.append(bytes.slice(0, 3));
      await copy.append(bytes.slice(1, 3));
      expect(told(await failureOf(copy.append(bytes.slice(4))))).toContain('LOG_DAMAGED');
      await copy.append(bytes);
      expect(copy.head).toEqual(log.head);
      await closeAll(copy, log);
    },
  ],
  [
    'a block of another origin, another key, with another bit or cut short is refused, and nothing is stored',
    async (subject) => {
      const log = await variedLog(subject);
      const bytes = bytesOf(await readAll(log));
      const other = await createLog(
        logOptions(subject.fileSystem, subject.root, { directory: `${subject.root}/other`, signer: logKey(9) }),
      );
      const stranger = other.begin();
      stranger.discard();
      const copy = await openLogCopy(copyOptions(subject.fileSystem, subject.root));
      await copy.append(bytes.slice(0, 2));
      const { head } = copy;
      const third = bytes[2] ?? new Uint8Array();
      for (const position of [0, 8, 41, 50, 60, 100, 120, 150, 193, 300, third.length - 1]) {
        const wrong = third.with(position, (third[position] ?? 0) ^ 1);
        expect(told(await failureOf(copy.append([wrong])))).toContain('LOG_DAMAGED');
      }
      for (const wrong of [third.subarray(0, 300), new Uint8Array(), new Uint8Array(300_000)]) {
        expect(told(await failureOf(copy.append([wrong])))).toContain('LOG_DAMAGED');
      }
      expect(copy.head).toEqual(head);
      await closeAll(copy, other, log);
    },
  ],
  [
    'a first block that does not prove its keys makes no copy',
    async ({ fileSystem, root }) => {
      const log = await createLog(logOptions(fileSystem, root));
      await commitBlock(log, [smallEvent('no founding')]);
      const copy = await openLogCopy(copyOptions(fileSystem, root));
      expect(told(await failureOf(copy.append(bytesOf(await readAll(log)))))).toContain('LOG_DAMAGED');
      expect(copy.head.sequence).toBe(0);
      await closeAll(copy, log);
    },
  ],
  [
    'another signed block at a held position freezes the copy with a proof that lasts, until a later epoch',
    async (subject) => {
      const { left, right } = await parted(subject);
      const options = copyOptions(subject.fileSystem, subject.root);
      const copy = await openLogCopy(options);
      await copy.append(bytesOf(await readAll(left)));
      const rightBytes = bytesOf(await readAll(right));
      expect(told(await failureOf(copy.append(rightBytes)))).toContain('LOG_FORKED');
      expect(copy.fork).toMatchObject({ sequence: 3, other: rightBytes[2] });
      await commitBlock(left, [smallEvent('later')]);
      expect(told(await failureOf(copy.append(bytesOf(await readAll(left)))))).toContain('LOG_FORKED');
      await copy.close();
      const again = await openLogCopy(options);
      expect(again.fork).toMatchObject({ sequence: 3, other: rightBytes[2] });
      expect(again.head.sequence).toBe(4);
      await again.append(bytesOf((await readAll(left)).slice(0, 4)));
      expect(told(await failureOf(again.followEpoch(sourceOf(right))))).toContain('LOG_FORKED');
      await startEpoch(right, 5);
      await commitBlock(right, [smallEvent('after')]);
      expect(await again.followEpoch(sourceOf(right))).toEqual(right.head);
      expect(again.fork).toBeUndefined();
      expect(namesOf(await readAll(again))).toEqual(namesOf(await readAll(right)));
      expect(await subject.fileSystem.readDirectory(`${options.directory}/quarantine`)).toHaveLength(1);
      expect(told(await failureOf(again.append(bytesOf(await readAll(left)))))).toContain('LOG_FORKED');
      expect(again.fork).toBeUndefined();
      await again.close();
      const last = await openLogCopy(options);
      expect(last.fork).toBeUndefined();
      expect(last.head).toEqual(right.head);
      expect(await damagesOf(last.verify())).toEqual([]);
      await closeAll(last, left, right);
    },
  ],
  [
    'what a copy holds past the cut of a new epoch is put aside, whole, and it goes on from the cut',
    async (subject) => {
      const { fileSystem, root } = subject;
      const log = await foundedLog(fileSystem, root);
      await commitBlock(log, [smallEvent('common')]);
      const shared = bytesOf(await readAll(log));
      await rotate(log, 2);
      for (let index = 0; index < 8; index += 1) await commitBlock(log, largeBlock);
      const lost = bytesOf((await readAll(log)).slice(2));
      const options = copyOptions(fileSystem, root);
      const copy = await openLogCopy(options);
      await copy.append([...shared, ...lost]);
      const restored = await createLog(logOptions(fileSystem, root, { directory: `${root}/restored`, signer: logKey(1) }));
      await restored.adopt(shared);
      await startEpoch(restored, 3);
      await commitBlock(restored, largeBlock);
      const fresh = bytesOf((await readAll(restored)).slice(2));
      expect(await copy.append(fresh)).toEqual(restored.head);
      expect(await damagesOf(copy.verify())).toEqual([]);
      expect(digestsOf(await readAll(copy))).toEqual(digestsOf([...shared, ...fresh]));
      await copy.close();
      const aside = `${options.directory}/quarantine`;
      let found = 0;
      for (const name of await fileSystem.readDirectory(aside)) {
        const handle = await fileSystem.open(`${aside}/${name}`, 'read');
        const bytes = new Uint8Array(await handle.size());
        await handle.read(bytes, 0);
        await handle.close();
        for (const block of lost) if (Buffer.from(bytes).includes(Buffer.from(block))) found += 1;
      }
      expect(found).toBe(lost.length);
      expect(await damagesOf(verifyLog(options))).toEqual([]);
      await closeAll(restored, log);
    },
  ],
  [
    'two starts of one epoch freeze a copy, whichever comes first, and a higher one thaws it',
    async (subject) => {
      const { fileSystem, root } = subject;
      const { left, right } = await parted(subject);
      await startEpoch(left, 2);
      await startEpoch(right, 3);
      const copy = await openLogCopy(copyOptions(fileSystem, root));
      await copy.append(bytesOf(await readAll(left)));
      const second = bytesOf((await readAll(right)).slice(-1));
      expect(told(await failureOf(copy.append(second)))).toContain('LOG_FORKED');
      expect(copy.fork).toMatchObject({ sequence: 5, other: second[0] });
      await startEpoch(left, 4, 7);
      expect(await copy.append(bytesOf((await readAll(left)).slice(-1)))).toEqual(left.head);
      expect(copy.fork).toBeUndefined();
      expect(copy.head.epoch).toBe(7);
      await closeAll(copy, left, right);
    },
  ],
  [
    'a log adopts what it had signed before, and refuses another branch',
    async (subject) => {
      const { left, right } = await parted(subject);
      const rightBytes = bytesOf(await readAll(right));
      await left.close();
      const options = logOptions(subject.fileSystem, subject.root, { signer: logKey(1) });
      const again = await openLog(options);
      const { head } = again;
      expect(told(await failureOf(again.adopt(rightBytes)))).toContain('LOG_FORKED');
      expect(again.head).toEqual(head);
      expect(told(await failureOf(again.adopt([(rightBytes[2] ?? new Uint8Array()).subarray(0, 100)])))).toContain('LOG_DAMAGED');
      await commitBlock(again, [smallEvent('goes on')]);
      await closeAll(again, right);
    },
  ],
  [
    'a log that adopted a change of keys goes on with the key that it names',
    async (subject) => {
      const { fileSystem, root } = subject;
      const log = await variedLog(subject);
      const bytes = bytesOf(await readAll(log));
      const restored = await createLog(
        logOptions(fileSystem, root, { directory: `${root}/restored`, signer: [logKey(1), logKey(4)] }),
      );
      const seen: number[] = [];
      restored.onCommitted((block) => seen.push(block.lastSequence));
      await restored.adopt(bytes);
      expect(restored.head).toEqual(log.head);
      expect(seen).toHaveLength(bytes.length);
      await commitBlock(restored, [smallEvent('goes on')]);
      expect(restored.publicKey).toEqual(logKey(4).publicKey);
      await closeAll(restored, log);
    },
  ],
  [
    'a rotated key signs from the next block on, and only its holder opens the log',
    async ({ fileSystem, root }) => {
      const log = await foundedLog(fileSystem, root);
      const block = await rotate(log, 2);
      expect(block.header.keyId).toEqual(logKey(1).keyId);
      expect((await commitBlock(log, [smallEvent('next')])).header.keyId).toEqual(logKey(2).keyId);
      await log.close();
      expect(told(await failureOf(openLog(logOptions(fileSystem, root, { signer: logKey(1) }))))).toContain('CONFIG_INVALID');
      const again = await openLog(logOptions(fileSystem, root, { signer: [logKey(1), logKey(2)] }));
      await commitBlock(again, [smallEvent('again')]);
      expect(await damagesOf(again.verify())).toEqual([]);
      await again.close();
    },
  ],
  [
    'a key that the identity key did not endorse is refused, and the log goes on',
    async ({ fileSystem, root }) => {
      const log = await foundedLog(fileSystem, root);
      const wrong = [endorsed(logKey(3)), endorsed(logKey(2), 50), new Uint8Array(174), endorsed(logKey(2)).with(100, 7)];
      for (const endorsement of wrong) {
        expect(told(await failureOf(log.rotateKey({ signer: logKey(2), endorsement })))).toContain('REQUEST_INVALID');
      }
      const start = { signer: logKey(2), endorsement: endorsed(logKey(2)), identitySigner: logKey(5), reason: '' };
      expect(told(await failureOf(log.startEpoch({ ...start, epoch: 1, identitySigner: IDENTITY })))).toContain(
        'REQUEST_INVALID',
      );
      expect(told(await failureOf(log.startEpoch(start)))).toContain('REQUEST_INVALID');
      expect(log.head.sequence).toBe(1);
      await commitBlock(log, [smallEvent('goes on')]);
      expect(await damagesOf(log.verify())).toEqual([]);
      await log.close();
    },
  ],
  [
    'without its key a log can be read and start an epoch, and nothing else',
    async ({ fileSystem, root }) => {
      const log = await foundedLog(fileSystem, root);
      await log.close();
      const bare = await openLog(logOptions(fileSystem, root, { signer: [] }));
      expect(() => bare.begin()).toThrow(expect.objectContaining({ code: 'LOG_READ_ONLY' }));
      expect((await readAll(bare)).length).toBe(1);
      const start = await startEpoch(bare, 2);
      expect(start.header).toMatchObject({ epoch: 2, firstSequence: 2, count: 1, keyId: IDENTITY.keyId });
      await commitBlock(bare, [smallEvent('goes on')]);
      expect(bare.head).toMatchObject({ epoch: 2, sequence: 3 });
      await bare.close();
      const again = await openLog(logOptions(fileSystem, root, { signer: logKey(2) }));
      expect(await damagesOf(again.verify())).toEqual([]);
      await again.close();
    },
  ],
  [
    'KEYS that is lost or altered is made anew from the events, and a verification names it',
    async (subject) => {
      const { fileSystem, root } = subject;
      const log = await variedLog(subject);
      await commitBlock(log, [smallEvent('last')]);
      await log.close();
      const options = logOptions(fileSystem, root, { signer: logKey(4) });
      const path = `${options.directory}/KEYS`;
      await fileSystem.unlink(path);
      expect(await damagesOf(verifyLog(options))).toEqual([expect.stringContaining('KEYS')]);
      const again = await openLog(options);
      expect(again.recovery.notices).toHaveLength(1);
      await again.close();
      const handle = await fileSystem.open(path, 'read-write');
      await handle.write(new Uint8Array([1]), 70);
      await handle.sync();
      await handle.close();
      expect(await damagesOf(verifyLog(options))).toEqual([expect.stringContaining('KEYS')]);
      const third = await openLog(options);
      expect(third.recovery.notices).toHaveLength(1);
      expect(await damagesOf(third.verify())).toEqual([]);
      await third.close();
    },
  ],
];

const sourceOf = (log: EventLog) =>
  async function* (fromSequence: number): AsyncGenerator<Uint8Array, void> {
    if (fromSequence > log.head.sequence) return;
    for await (const block of log.read({ fromSequence })) yield block.bytes;
  };

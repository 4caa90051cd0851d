import { expect } from 'vitest';
import type { ChunkId } from '../../../src/base/index.js';
import { verifyRange } from '../../../src/chunks/index.js';
import { failureOf, told } from '../../support/failures.js';
import type { Rule } from '../../support/rules.js';
import {
  ALICE,
  BOB,
  bytesOf,
  commit,
  entryOf,
  hasher,
  hold,
  never,
  OTHER_UPLOAD,
  put,
  read,
  StoreFixture,
  UPLOAD,
} from './fixture.js';

const KiB = 1024;
const LENGTHS = [1, 4095, 4096, 64 * KiB, 64 * KiB + 1, 300_000, 1024 * KiB, 4096 * KiB - 3, 4096 * KiB];

/** What a node's chunk store promises, on whatever disk. The subject is a store that was created and not opened yet. */
export const CHUNK_STORE_RULES: readonly Rule<StoreFixture>[] = [
  [
    'gives back every chunk that was held, now and after the next start',
    async (fixture) => {
      const store = await fixture.open();
      const contents = LENGTHS.map((length, seed) => bytesOf(length, seed));
      const entries = await hold(store, contents);
      for (const reopened of [false, true]) {
        const reader = reopened ? await fixture.reopen() : store;
        for (const [at, entry] of entries.entries()) {
          expect(Buffer.compare(await read(reader, entry.chunkId), contents[at] ?? new Uint8Array(0))).toBe(0);
          expect(await reader.verifyChunk(entry.chunkId, never)).toBe('whole');
        }
      }
    },
  ],
  [
    'gives ranges with a proof, in whole leaves',
    async (fixture) => {
      const store = await fixture.open();
      const content = bytesOf(300_000, 1);
      const small = bytesOf(1000, 2);
      const [large, packed] = await hold(store, [content, small]);
      for (const [offset, bytes] of [
        [0, 1],
        [70_000, 100_000],
        [299_999, 1],
        [0, 300_000],
        [100, 1_000_000],
      ] as const) {
        const range = await store.readRange(ALICE, large?.chunkId ?? ('' as ChunkId), offset, bytes, never);
        const start = range.firstLeaf * 64 * KiB;
        expect(start).toBeLessThanOrEqual(offset);
        expect(Buffer.compare(range.bytes, content.subarray(start, start + range.bytes.length))).toBe(0);
        expect(start + range.bytes.length).toBeGreaterThanOrEqual(Math.min(offset + bytes, content.length));
        expect(
          verifyRange(hasher, { id: large?.chunkId ?? ('' as ChunkId), ...range, chunkLength: range.chunkLengthBytes }),
        ).toBe(true);
        range.release();
      }
      const range = await store.readRange(ALICE, packed?.chunkId ?? ('' as ChunkId), 500, 10, never);
      expect(Buffer.compare(range.bytes, small)).toBe(0);
      range.release();
      expect(told(await failureOf(store.readRange(ALICE, large?.chunkId ?? ('' as ChunkId), 300_000, 1, never)))).toMatch(
        /^REQUEST_INVALID/,
      );
    },
  ],
  [
    'gives nothing to an origin that does not hold the chunk, whoever else does',
    async (fixture) => {
      const store = await fixture.open();
      const entries = await hold(store, [bytesOf(1000, 1), bytesOf(100_000, 2)]);
      expect(await store.held(BOB, UPLOAD, entries)).toEqual([false, false]);
      for (const { chunkId } of entries) {
        expect(told(await failureOf(store.read(BOB, chunkId, never)))).toMatch(/^CHUNK_UNKNOWN/);
        expect(told(await failureOf(store.readRange(BOB, chunkId, 0, 1, never)))).toMatch(/^CHUNK_UNKNOWN/);
      }
      expect(told(await failureOf(commit(store, entries, { origin: BOB })))).toMatch(/^CHUNK_UNKNOWN/);
      expect(await store.inventory({ origin: BOB, limit: 10 }, never)).toEqual([]);
    },
  ],
  [
    'keeps the bytes that two origins send once, and each hold for itself',
    async (fixture) => {
      const store = await fixture.open();
      const contents = [bytesOf(1000, 1), bytesOf(100_000, 2)];
      const entries = await hold(store, contents);
      const usedBytes = store.usedBytes;
      await hold(store, contents, { origin: BOB });
      expect(store.usedBytes).toBe(usedBytes);
      expect(await store.status()).toMatchObject({ chunks: 2, holds: 4 });
      for (const reopened of [false, true]) {
        const reader = reopened ? await fixture.reopen() : store;
        expect(await reader.held(BOB, OTHER_UPLOAD, entries)).toEqual([true, true]);
        for (const [at, { chunkId }] of entries.entries())
          expect(Buffer.compare(await read(reader, chunkId, BOB), contents[at] ?? new Uint8Array(0))).toBe(0);
      }
    },
  ],
  [
    'covers by a receipt only what the upload sent or its origin holds',
    async (fixture) => {
      const store = await fixture.open();
      const sent = await put(store, bytesOf(100_000, 1));
      const absent = entryOf(bytesOf(100_000, 2));
      expect(told(await failureOf(commit(store, [sent, absent])))).toMatch(new RegExp(`^CHUNK_UNKNOWN.*${absent.chunkId}`));
      expect(told(await failureOf(commit(store, [sent], { uploadId: OTHER_UPLOAD })))).toMatch(/^CHUNK_UNKNOWN/);
      expect(told(await failureOf(commit(store, [{ ...sent, lengthBytes: 99_999 }])))).toMatch(/^CHUNK_UNKNOWN/);
      await commit(store, [sent]);
      await commit(store, [sent]);
      await commit(store, [sent], { uploadId: OTHER_UPLOAD });
      expect(await store.status()).toMatchObject({ chunks: 1, holds: 1 });
    },
  ],
  [
    'forgets bytes that no receipt covered, and takes them again',
    async (fixture) => {
      const store = await fixture.open();
      const contents = [bytesOf(1000, 1), bytesOf(100_000, 2)];
      const entries = await Promise.all(contents.map((bytes) => put(store, bytes)));
      expect(await store.held(ALICE, UPLOAD, entries)).toEqual([true, true]);
      expect(await store.held(ALICE, OTHER_UPLOAD, entries)).toEqual([false, false]);
      expect(told(await failureOf(store.read(ALICE, entries[0]?.chunkId ?? ('' as ChunkId), never)))).toMatch(/^CHUNK_UNKNOWN/);
      const again = await fixture.reopen();
      expect(await again.held(ALICE, UPLOAD, entries)).toEqual([false, false]);
      expect(told(await failureOf(commit(again, entries)))).toMatch(/^CHUNK_UNKNOWN/);
      await hold(again, contents);
      expect(await again.held(ALICE, OTHER_UPLOAD, entries)).toEqual([true, true]);
    },
  ],
  [
    'refuses bytes that are not the chunk they are sent as',
    async (fixture) => {
      const store = await fixture.open();
      for (const length of [1000, 100_000]) {
        const entry = entryOf(bytesOf(length, 1));
        const incoming = await store.receive({ origin: ALICE, uploadId: UPLOAD, ...entry }, never);
        incoming.append(bytesOf(length, 2));
        expect(told(await failureOf(incoming.store()))).toMatch(/^REQUEST_INVALID/);
        expect(await store.held(ALICE, UPLOAD, [entry])).toEqual([false]);
      }
      expect(store.usedBytes).toBe(0);
    },
  ],
  [
    'refuses ids, lengths and lists that no chunk can have',
    async (fixture) => {
      const store = await fixture.open();
      const { chunkId } = entryOf(bytesOf(10, 1));
      const refused = async (entry: { chunkId: string; lengthBytes: number }): Promise<void> => {
        const wrong = { chunkId: entry.chunkId as ChunkId, lengthBytes: entry.lengthBytes };
        expect(told(await failureOf(store.receive({ origin: ALICE, uploadId: UPLOAD, ...wrong }, never)))).toMatch(
          /^REQUEST_INVALID/,
        );
        expect(told(await failureOf(commit(store, [wrong])))).toMatch(/^REQUEST_INVALID/);
        expect(told(await failureOf(store.held(ALICE, UPLOAD, [wrong])))).toMatch(/^REQUEST_INVALID/);
      };
      for (const bad of [
        '',
        '../../../etc/passwd',
        `/${chunkId}`,
        `${chunkId}\0`,
        `02${chunkId.slice(2)}`,
        chunkId.toUpperCase(),
        'x'.repeat(300),
      ]) {
        if (bad !== chunkId) await refused({ chunkId: bad, lengthBytes: 10 });
      }
      for (const lengthBytes of [0, -1, 1.5, Number.NaN, 4096 * KiB + 1]) await refused({ chunkId, lengthBytes });
      const many = Array.from({ length: 513 }, () => ({ chunkId, lengthBytes: 10 }));
      expect(told(await failureOf(commit(store, many)))).toMatch(/^LIMIT_EXCEEDED/);
    },
  ],
  [
    'lists every hold once, in order, page by page',
    async (fixture) => {
      const store = await fixture.open();
      const mine = await hold(
        store,
        Array.from({ length: 25 }, (_, seed) => bytesOf(100 + seed, seed)),
      );
      await hold(store, [bytesOf(50, 90), bytesOf(60, 91)], { origin: BOB });
      const listed: ChunkId[] = [];
      for (let after: { origin: typeof ALICE; chunkId: ChunkId } | undefined; ; ) {
        const page = await store.inventory({ origin: ALICE, limit: 10, ...(after === undefined ? {} : { after }) }, never);
        listed.push(...page.map((entry) => entry.chunkId));
        after = page.at(-1);
        if (page.length < 10) break;
      }
      expect(listed).toEqual(mine.map((entry) => entry.chunkId).sort());
      const all = await store.inventory({ limit: 100 }, never);
      expect(all.map((entry) => entry.origin)).toEqual([...mine.map(() => ALICE), BOB, BOB]);
      expect(all[0]).toMatchObject({ uploadId: UPLOAD, lengthBytes: expect.any(Number) as number });
    },
  ],
  [
    'notices a chunk that was altered, cut short or removed, says so, and takes it again',
    async (fixture) => {
      const store = await fixture.open();
      const contents = Array.from({ length: 4 }, (_, seed) => bytesOf(200_000, seed));
      const entries = await hold(store, contents);
      const [altered, cut, removed, whole] = entries.map((entry) => entry.chunkId);
      if (altered === undefined || cut === undefined || removed === undefined || whole === undefined)
        throw new Error('four chunks were put');
      await fixture.alter(fixture.chunkFile(altered), 100_000);
      await fixture.truncate(fixture.chunkFile(cut), 100_000);
      await fixture.fileSystem.unlink(fixture.chunkFile(removed));
      expect(await store.verifyChunk(altered, never)).toBe('altered');
      expect(told(await failureOf(store.read(ALICE, cut, never)))).toMatch(/^CHUNK_DAMAGED/);
      expect(told(await failureOf(store.readRange(ALICE, removed, 0, 1, never)))).toMatch(/^CHUNK_DAMAGED/);
      const { damaged } = await store.status();
      expect(damaged.map((one) => one.reason).sort()).toEqual(['altered', 'missing', 'truncated']);
      const again = await fixture.reopen();
      expect((await again.status()).damaged).toHaveLength(3);
      expect(await again.held(ALICE, OTHER_UPLOAD, entries)).toEqual([false, false, false, true]);
      expect(told(await failureOf(commit(again, entries, { uploadId: OTHER_UPLOAD })))).toMatch(/^CHUNK_DAMAGED/);
      await hold(again, contents, { uploadId: OTHER_UPLOAD });
      for (const [at, { chunkId }] of entries.entries())
        expect(Buffer.compare(await read(again, chunkId), contents[at] ?? new Uint8Array(0))).toBe(0);
      expect((await again.status()).damaged).toEqual([]);
    },
  ],
  [
    'notices a damaged chunk in a pack, and keeps it elsewhere when it is sent again',
    async (fixture) => {
      const store = await fixture.open();
      const contents = [bytesOf(5000, 1), bytesOf(5000, 2)];
      // One after the other: the first lies where the pack begins.
      const [first] = await hold(store, contents.slice(0, 1));
      const [second] = await hold(store, contents.slice(1));
      if (first === undefined || second === undefined) throw new Error('two chunks were put');
      await fixture.alter(`${fixture.root}/packs/00000001.pack`, 4096 + 80 + 100);
      expect(await store.verifyChunk(first.chunkId, never)).toBe('altered');
      expect(await store.verifyChunk(second.chunkId, never)).toBe('whole');
      await hold(store, contents);
      const again = await fixture.reopen();
      expect(await again.verifyChunk(first.chunkId, never)).toBe('whole');
      expect(Buffer.compare(await read(again, first.chunkId), contents[0] ?? new Uint8Array(0))).toBe(0);
    },
  ],
  [
    'never lets good bytes stand for bad ones that another origin stored',
    async (fixture) => {
      const store = await fixture.open();
      const contents = [bytesOf(200_000, 1), bytesOf(2000, 2)];
      const [large, small] = await hold(store, contents);
      if (large === undefined || small === undefined) throw new Error('two chunks were put');
      await fixture.alter(fixture.chunkFile(large.chunkId), 77);
      await fixture.alter(`${fixture.root}/packs/00000001.pack`, 4096 + 80 + 77);
      await hold(store, contents, { origin: BOB });
      for (const { chunkId } of [large, small]) expect(await store.verifyChunk(chunkId, never)).toBe('whole');
    },
  ],
  [
    'takes no more than it offers, and goes on',
    async (fixture) => {
      const store = await fixture.open();
      const chunk = { origin: ALICE, uploadId: UPLOAD, chunkId: entryOf(bytesOf(10, 1)).chunkId, lengthBytes: 1024 * KiB };
      const admitted = [];
      for (let room = (await store.status()).capacityBytes; room >= chunk.lengthBytes; room -= chunk.lengthBytes) {
        admitted.push(await store.receive(chunk, never));
      }
      expect(told(await failureOf(store.receive(chunk, never)))).toMatch(/^NODE_FULL/);
      for (const incoming of admitted) incoming.discard();
      expect(await hold(store, [bytesOf(1000, 1)])).toHaveLength(1);
    },
  ],
  [
    'is opened by one process at a time',
    async (fixture) => {
      await fixture.open();
      const second = new StoreFixture(fixture.root, fixture.fileSystem, fixture.keyValueStores);
      expect(told(await failureOf(second.open()))).toMatch(/^ALREADY_RUNNING/);
    },
  ],
  [
    'refuses a folder that is no store, and one of another format',
    async (fixture) => {
      expect(told(await failureOf(fixture.create()))).toMatch(/^ALREADY_EXISTS/);
      await fixture.alter(`${fixture.root}/FORMAT`, 22);
      expect(told(await failureOf(fixture.open()))).toMatch(/^DATA_FORMAT_UNSUPPORTED/);
      await fixture.fileSystem.unlink(`${fixture.root}/FORMAT`);
      expect(told(await failureOf(fixture.open()))).toMatch(/^DATA_FORMAT_UNSUPPORTED/);
    },
  ],
  [
    'passes its own check of the disk',
    async (fixture) => {
      const store = await fixture.open();
      expect(await store.check(never)).toBe(true);
      expect(await fixture.fileSystem.readDirectory(`${fixture.root}/temporary`)).toEqual([]);
    },
  ],
];

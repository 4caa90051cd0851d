import { expect } from 'vitest';
import { accept, type ChunkId, type CollectiveError, toCollectiveError } from '../../../src/base/index.js';
import type { ChunkEntry } from '../../../src/chunks/index.js';
import { chunkListDigest, openReceipt } from '../../../src/identity/index.js';
import type { ByteStream } from '../../../src/ports/index.js';
import type { ChunkConnection, TicketSlot } from '../../../src/transport/chunk-protocol/index.js';
import { encodeFrame, FRAME } from '../../../src/transport/chunk-protocol/frames.js';
import { encodeHello, encodePut, OWN_HELLO } from '../../../src/transport/chunk-protocol/messages.js';
import { ALICE, BOB, bytesOf, entryOf, hold, OTHER_UPLOAD, UPLOAD } from '../../conformance/chunk-store/fixture.js';
import { failureOf, told } from '../../support/failures.js';
import type { Rule } from '../../support/rules.js';
import { hasher, NODE_ID, options, type ProtocolFixture, verifier } from './fixture.js';

const KiB = 1024;

async function putAll(
  connection: ChunkConnection,
  slot: TicketSlot,
  contents: readonly Uint8Array[],
): Promise<readonly ChunkEntry[]> {
  return Promise.all(
    contents.map(async (bytes) => {
      const entry = entryOf(bytes);
      await connection.put(slot, entry, bytes, options);
      return entry;
    }),
  );
}

const get = (connection: ChunkConnection, slot: TicketSlot, entry: ChunkEntry): Promise<Uint8Array> =>
  connection.get(slot, entry, new Uint8Array(entry.lengthBytes), options);

/** `done`, or the code of the failure. */
async function outcomeOf(attempt: Promise<unknown>): Promise<string> {
  const [settled] = await Promise.allSettled([attempt]);
  return settled.status === 'fulfilled' ? 'done' : toCollectiveError(settled.reason).code;
}

/** Everything that still works on a connection after something on it was refused. */
async function stillServes(fixture: ProtocolFixture, connection: ChunkConnection, seed: number): Promise<void> {
  const content = bytesOf(100_000, seed);
  const slot = await fixture.showPut(connection);
  const [entry] = await putAll(connection, slot, [content]);
  await connection.receipt(slot, [entry ?? entryOf(content)], options);
  const reading = await fixture.showRead(connection, [entry ?? entryOf(content)]);
  expect(Buffer.compare(await get(connection, reading, entry ?? entryOf(content)), content)).toBe(0);
  connection.releaseTicket(slot);
  connection.releaseTicket(reading);
}

/** Sends these bytes and waits for the node to close the stream; answers the last code that it sent, if any. */
function closedBy(stream: ByteStream, bytes: readonly Uint8Array[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    let received = '';
    stream.start({
      onBytes: (piece) => {
        received += Buffer.from(piece).toString('latin1');
      },
      onClose: () => resolve(received.match(/[A-Z]+_[A-Z_]+/g)?.at(-1)),
    });
    // The node may close before it took everything.
    stream
      .write(bytes)
      .catch((error: unknown) => expect(toCollectiveError(error).code).toMatch(/NODE_UNREACHABLE|CANCELLED|INTERNAL/));
  });
}

const hello = encodeFrame(FRAME.hello, 0, encodeHello(OWN_HELLO));

/** What both ends of the chunk protocol promise, over whatever network. */
export const PROTOCOL_RULES: readonly Rule<ProtocolFixture>[] = [
  [
    'chunks of every size go there and come back, whole and in ranges',
    async (fixture) => {
      const connection = await fixture.connect();
      const contents = [1, 4096, 64 * KiB, 64 * KiB + 1, 300_000, 1024 * KiB, 4096 * KiB].map(bytesOf);
      const slot = await fixture.showPut(connection);
      const entries = await putAll(connection, slot, contents);
      await connection.receipt(slot, entries, options);
      const reading = await fixture.showRead(connection, entries);
      for (const [at, entry] of entries.entries()) {
        const content = contents[at] ?? new Uint8Array(0);
        expect(Buffer.compare(await get(connection, reading, entry), content)).toBe(0);
        const offset = Math.floor(entry.lengthBytes / 3);
        const bytes = Math.max(1, Math.min(70_000, entry.lengthBytes - offset));
        const range = await connection.getRange(reading, entry, { offset, bytes }, new Uint8Array(bytes + 128 * KiB), options);
        expect(Buffer.compare(range, content.subarray(offset, offset + bytes))).toBe(0);
      }
    },
  ],
  [
    'a receipt is signed for exactly what was asked, when it is held',
    async (fixture) => {
      const connection = await fixture.connect();
      const slot = await fixture.showPut(connection);
      const entries = await putAll(connection, slot, [bytesOf(10, 1), bytesOf(100_000, 2)]);
      const absent = entryOf(bytesOf(10, 3));
      expect(await connection.held(slot, [...entries, absent], options)).toEqual([true, true, false]);
      expect(told(await failureOf(connection.receipt(slot, [...entries, absent], options)))).toMatch(/^CHUNK_UNKNOWN/);
      const receipt = accept(
        openReceipt(await connection.receipt(slot, entries, options), {
          verifier,
          nodePublicKey: fixture.nodeSigner.publicKey,
          nodeId: NODE_ID,
          origin: ALICE,
          uploadId: UPLOAD,
          clientKeyHash: fixture.clientKeyHash,
          listDigest: chunkListDigest(entries, hasher),
          nowMs: fixture.world.clock.nowMs(),
        }),
      );
      expect(receipt.holdExpiresAtMs).toBeGreaterThan(fixture.world.clock.nowMs());
      expect(await fixture.store.status()).toMatchObject({ holds: 2 });
    },
  ],
  [
    'many more requests than may be in flight are served all the same',
    async (fixture) => {
      const connection = await fixture.connect();
      const slot = await fixture.showPut(connection);
      const contents = Array.from({ length: 60 }, (_, seed) => bytesOf(20_000 + seed * 3000, seed));
      const entries = await putAll(connection, slot, contents);
      await connection.receipt(slot, entries, options);
      const reading = await fixture.showRead(connection, entries);
      const got = await Promise.all(entries.map((entry) => get(connection, reading, entry)));
      expect(got.every((bytes, at) => Buffer.compare(bytes, contents[at] ?? new Uint8Array(0)) === 0)).toBe(true);
      expect(connection.inFlight).toBe(0);
    },
  ],
  [
    'a ticket opens what it names and nothing else',
    async (fixture) => {
      const connection = await fixture.connect();
      const [mine, other] = await hold(fixture.store, [bytesOf(1000, 1), bytesOf(100_000, 2)]);
      if (mine === undefined || other === undefined) throw new Error('two chunks were put');
      const reading = await fixture.showRead(connection, [mine]);
      expect(told(await failureOf(get(connection, reading, other)))).toMatch(/^PERMISSION_DENIED/);
      expect(told(await failureOf(get(connection, reading, { ...mine, lengthBytes: 999 })))).toMatch(/^PERMISSION_DENIED/);
      expect(told(await failureOf(connection.put(reading, mine, bytesOf(1000, 1), options)))).toMatch(/^PERMISSION_DENIED/);
      expect(told(await failureOf(connection.held(reading, [mine], options)))).toMatch(/^PERMISSION_DENIED/);
      expect(told(await failureOf(connection.receipt(reading, [mine], options)))).toMatch(/^PERMISSION_DENIED/);
      const putting = await fixture.showPut(connection, { uploadId: OTHER_UPLOAD, byteBudget: 1500 });
      expect(told(await failureOf(get(connection, putting, mine)))).toMatch(/^PERMISSION_DENIED/);
      await connection.put(putting, mine, bytesOf(1000, 1), options);
      expect(told(await failureOf(connection.put(putting, entryOf(bytesOf(501, 3)), bytesOf(501, 3), options)))).toMatch(
        /^PERMISSION_DENIED/,
      );
      expect(told(await failureOf(get(connection, { slot: 40 }, mine)))).toMatch(/^TICKET_INVALID/);
      await stillServes(fixture, connection, 50);
    },
  ],
  [
    'naming the chunks of another origin gets nothing from it',
    async (fixture) => {
      const connection = await fixture.connect();
      const entries = await hold(fixture.store, [bytesOf(1000, 1), bytesOf(100_000, 2)]);
      const reading = await fixture.showRead(connection, entries, BOB);
      const putting = await fixture.showPut(connection, { origin: BOB });
      for (const entry of entries) expect(told(await failureOf(get(connection, reading, entry)))).toMatch(/^CHUNK_UNKNOWN/);
      expect(await connection.held(putting, entries, options)).toEqual([false, false]);
      expect(told(await failureOf(connection.receipt(putting, entries, options)))).toMatch(/^CHUNK_UNKNOWN/);
    },
  ],
  [
    'a ticket of another client, node, list or time is refused',
    async (fixture) => {
      const connection = await fixture.connect();
      const entries = await hold(fixture.store, [bytesOf(1000, 1)]);
      const show = (ticket: Uint8Array, chunks: readonly ChunkEntry[] = []): Promise<unknown> =>
        failureOf(connection.presentTicket({ ticket, chunks }, options));
      expect(told(await show(fixture.ticket({ kind: 'put', clientKeyHash: new Uint8Array(32) })))).toMatch(/^TICKET_INVALID/);
      expect(told(await show(fixture.ticket({ kind: 'put', nodeId: 'anothernodeanoth' as typeof NODE_ID })))).toMatch(
        /^TICKET_INVALID/,
      );
      expect(told(await show(fixture.ticket({ kind: 'put', expiresAtMs: fixture.world.clock.nowMs() - 3_600_000 })))).toMatch(
        /^TICKET_EXPIRED/,
      );
      expect(told(await show(fixture.ticket({ kind: 'read', listDigest: new Uint8Array(32) }), entries))).toMatch(
        /^TICKET_INVALID/,
      );
      expect(told(await show(new Uint8Array(220)))).toMatch(/^TICKET_INVALID/);
      await stillServes(fixture, connection, 51);
    },
  ],
  [
    'slots are bounded, and used again after a release',
    async (fixture) => {
      const connection = await fixture.connect();
      const slots = await Promise.all(Array.from({ length: 64 }, () => fixture.showPut(connection)));
      expect(told(await failureOf(fixture.showPut(connection)))).toMatch(/^LIMIT_EXCEEDED/);
      for (const slot of slots) connection.releaseTicket(slot);
      await stillServes(fixture, connection, 52);
    },
  ],
  [
    'bytes of another chunk are refused, and the connection goes on',
    async (fixture) => {
      const connection = await fixture.connect();
      const slot = await fixture.showPut(connection);
      const failure = await failureOf(connection.put(slot, entryOf(bytesOf(500_000, 1)), bytesOf(500_000, 2), options));
      expect(told(failure)).toMatch(/^REQUEST_INVALID/);
      await stillServes(fixture, connection, 53);
    },
  ],
  [
    'a full node refuses while the data is on its way, and the connection goes on',
    async (fixture) => {
      const connection = await fixture.connect();
      const slot = await fixture.showPut(connection);
      fixture.disk.faults.plan({ operation: 'space', errno: 'ENOSPC', lasting: true });
      for (const length of [1000, 4096 * KiB]) {
        expect(told(await failureOf(connection.put(slot, entryOf(bytesOf(length, 1)), bytesOf(length, 1), options)))).toMatch(
          /^NODE_FULL/,
        );
      }
      fixture.disk.faults.clear();
      await stillServes(fixture, connection, 54);
    },
  ],
  [
    'a chunk that was altered on the disk is not taken for good, nor is a part of it',
    async (fixture) => {
      const connection = await fixture.connect();
      const [entry] = await hold(fixture.store, [bytesOf(500_000, 1)]);
      if (entry === undefined) throw new Error('a chunk was put');
      await fixture.files.alter(fixture.files.chunkFile(entry.chunkId), 300_000);
      const slot = await fixture.showRead(connection, [entry]);
      expect(told(await failureOf(get(connection, slot, entry)))).toMatch(/^CHUNK_DAMAGED/);
      const range = (offset: number): Promise<Uint8Array> =>
        connection.getRange(slot, entry, { offset, bytes: 10 }, new Uint8Array(128 * KiB), options);
      expect(told(await failureOf(range(299_999)))).toMatch(/^CHUNK_DAMAGED/);
      expect(Buffer.compare(await range(100_000), bytesOf(500_000, 1).subarray(100_000, 100_010))).toBe(0);
      await fixture.files.truncate(fixture.files.chunkFile(entry.chunkId), 4096);
      expect(told(await failureOf(get(connection, slot, entry)))).toMatch(/^CHUNK_DAMAGED/);
      await stillServes(fixture, connection, 55);
    },
  ],
  [
    'what is cancelled leaves the connection whole and its buffers free',
    async (fixture) => {
      const connection = await fixture.connect();
      const slot = await fixture.showPut(connection);
      const content = bytesOf(4096 * KiB, 1);
      const entry = entryOf(content);
      for (let round = 0; round < 24; round += 1) {
        const cancel = new AbortController();
        const putting = outcomeOf(connection.put(slot, entry, content, { signal: cancel.signal }));
        if (round % 2 === 0) await connection.ping(options);
        cancel.abort();
        expect(['CANCELLED', 'done']).toContain(await putting);
      }
      await connection.put(slot, entry, content, options);
      await connection.receipt(slot, [entry], options);
      const reading = await fixture.showRead(connection, [entry]);
      for (let round = 0; round < 12; round += 1) {
        const cancel = new AbortController();
        const getting = outcomeOf(connection.get(reading, entry, new Uint8Array(entry.lengthBytes), { signal: cancel.signal }));
        if (round % 2 === 0) await connection.ping(options);
        cancel.abort();
        expect(['CANCELLED', 'done']).toContain(await getting);
      }
      expect(Buffer.compare(await get(connection, reading, entry), content)).toBe(0);
      await stillServes(fixture, connection, 56);
    },
  ],
  [
    'a node that stops finishes what is in flight and takes nothing new',
    async (fixture) => {
      const connection = await fixture.connect();
      const slot = await fixture.showPut(connection);
      const putting = putAll(connection, slot, [bytesOf(4096 * KiB, 1)]);
      await connection.ping(options);
      const closing = fixture.server.close(60_000, options.signal);
      await putting;
      await closing;
      const reason: CollectiveError = await connection.closed;
      expect(told(reason)).toMatch(/^UNAVAILABLE/);
      expect(connection.usable).toBe(false);
      expect(told(await failureOf(connection.ping(options)))).toMatch(/^UNAVAILABLE/);
    },
  ],
  [
    'a connection that is lost fails all that is in flight',
    async (fixture) => {
      const connection = await fixture.connect();
      const slot = await fixture.showPut(connection);
      const putting = failureOf(putAll(connection, slot, [bytesOf(4096 * KiB, 1), bytesOf(4096 * KiB, 2)]));
      await connection.ping(options);
      const stopping = new AbortController();
      stopping.abort();
      await fixture.server.close(0, stopping.signal);
      expect(told(await putting)).toMatch(/^(NODE_UNREACHABLE|UNAVAILABLE)/);
      expect(connection.usable).toBe(false);
    },
  ],
  [
    'garbage closes its own connection, with the reason, and no other',
    async (fixture) => {
      const connection = await fixture.connect();
      const tooLong = encodeFrame(FRAME.ticket, 1, new Uint8Array(0));
      new DataView(tooLong.buffer).setUint32(0, 0xffff_fff0);
      const chunk: ChunkEntry = { chunkId: `01${'00'.repeat(32)}` as ChunkId, lengthBytes: 10 };
      const hold16 = Array.from({ length: 17 }, (_, request) => encodeFrame(FRAME.put, request, encodePut({ slot: 0, chunk })));
      for (const garbage of [
        [bytesOf(100_000, 9)],
        [Buffer.from('GET / HTTP/1.1\r\nHost: node\r\n\r\n')],
        [encodeFrame(FRAME.ping, 1, new Uint8Array(0))],
        [encodeFrame(FRAME.hello, 0, encodeHello({ ...OWN_HELLO, versionMin: 7, versionMax: 9 }))],
        [hello, hello],
        [hello, tooLong],
        [hello, bytesOf(5000, 3)],
        [hello, encodeFrame(FRAME.data, 5, new Uint8Array(10))],
        [hello, encodeFrame(FRAME.done, 5, new Uint8Array(0))],
        [hello, encodeFrame(FRAME.ping, 5, new Uint8Array(65))],
        [hello, ...hold16],
      ]) {
        expect(await closedBy(await fixture.dial(), garbage)).toBe('PROTOCOL_ERROR');
      }
      await stillServes(fixture, connection, 57);
    },
  ],
];

import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accept, equalBytes, LIMITS, type MemberId, type RequestId } from '../../../src/base/index.js';
import { chunkListDigest, openReceipt, verifyLeaf } from '../../../src/identity/index.js';
import { forever } from '../../support/fake-sessions.js';
import { bytesOf, entryOf, NodeBench } from '../../support/node-world.js';
import { errorOf } from '../../support/rpc.js';
import { hasher, NODE_ID, OTHER_UPLOAD_ID, UPLOAD_ID, verifier } from '../../unit/identity/support.js';

const signal = forever;
const SMALL = 10_000;
const LARGE = 1024 * 1024;

let bench: NodeBench;
beforeEach(async () => {
  bench = await NodeBench.create();
});
afterEach(async () => {
  await bench.close();
});

async function connected(changes: Parameters<NodeBench['startNode']>[0] = {}) {
  await bench.coordinator.start();
  const started = await bench.startNode(changes);
  await bench.coordinator.hears('heartbeat');
  return { ...started, connection: await bench.connect(started.port) };
}

describe('a node and its coordinator', () => {
  it('a node registers with what it has, and then tells its state again and again', async () => {
    const { node, port } = await connected();
    expect(bench.coordinator.hellos[0]).toMatchObject({
      name: 'attic',
      endpoints: [`127.0.0.1:${port}`],
      capacityBytes: 1024 * 1024 * 1024,
      failureDomain: 'house',
      softwareVersion: '0.1.0',
      storeFormatVersion: 1,
      state: { usedBytes: 0, chunks: 0, storeState: 'ready', storeReason: '', damagedCopies: 0 },
    });
    expect(node.connected).toBe(true);
    const { connection } = { connection: await bench.connect(port) };
    await bench.store(connection, [bytesOf(1, SMALL)]);
    const heartbeat = await bench.coordinator.hears('heartbeat', ({ chunks }) => chunks === 1);
    expect(heartbeat.usedBytes).toBe(SMALL);
  });

  it('a coordinator that was away is found when it comes, and again when it comes back', async () => {
    const { node } = await bench.startNode();
    expect(node.connected).toBe(false);
    await bench.coordinator.start();
    await bench.coordinator.welcomed(1);
    await bench.coordinator.stop();
    await bench.coordinator.start();
    await bench.coordinator.welcomed(2);
    const [first, second] = bench.coordinator.hellos;
    expect(second?.bootId).toBe(first?.bootId);
    expect(first?.bootId).toMatch(/^[a-z2-7]{16}$/);
  });

  it('a node that never met its coordinator judges no tickets, and says what it waits for', async () => {
    const { port } = await bench.startNode();
    const connection = await bench.connect(port);
    const error = await errorOf(connection.presentTicket({ ticket: bench.putTicket(), chunks: [] }, { signal }));
    expect(error).toMatchObject({ code: 'UNAVAILABLE' });
    expect(error.message).toMatch(/coordinator/);
  });

  it('after a restart without its coordinator, a node still serves who has a ticket', async () => {
    const { node, connection } = await connected();
    const content = bytesOf(2, LARGE);
    const chunks = await bench.store(connection, [content]);
    await bench.coordinator.stop();
    await node.stop();
    const { port, node: restarted } = await bench.startNode();
    const again = await bench.connect(port);
    const slot = await bench.readSlot(again, chunks);
    expect(equalBytes(await again.get(slot, entryOf(content), new Uint8Array(LARGE), { signal }), content)).toBe(true);
    expect(restarted.connected).toBe(false);
  });

  it('what was kept of the coordinator and cannot be read is asked for again', async () => {
    await bench.file.write(new TextEncoder().encode('{"version":1,"memberId":"nobody"}'));
    const { connection } = await connected();
    await bench.store(connection, [bytesOf(3, SMALL)]);
    expect(bench.logger.lines.some(({ message }) => message.includes('asked again'))).toBe(true);
    expect(new TextDecoder().decode(bench.file.bytes)).toContain(bench.member.memberId);
  });

  it('a coordinator that speaks for another member is not believed', async () => {
    bench.coordinator.welcomes = 'a'.repeat(52) as MemberId;
    await bench.coordinator.start();
    const { port, node } = await bench.startNode();
    await bench.coordinator.welcomed(2);
    expect(node.connected).toBe(false);
    const connection = await bench.connect(port);
    const error = await errorOf(connection.presentTicket({ ticket: bench.putTicket(), chunks: [] }, { signal }));
    expect(error.code).toBe('UNAVAILABLE');
  });

  it('a node that stops ends its session and its port', async () => {
    const { node, port, connection } = await connected();
    await node.stop();
    expect((await connection.closed).code).toBe('UNAVAILABLE');
    await expect(bench.connect(port)).rejects.toMatchObject({ code: 'NODE_UNREACHABLE' });
  });
});

describe('putting and getting', () => {
  it('chunks come back as they were, whole and in parts, and the receipt is signed for exactly them', async () => {
    const { connection } = await connected();
    const contents = [bytesOf(1, SMALL), bytesOf(2, LARGE), bytesOf(3, 1)];
    const chunks = contents.map(entryOf);
    const slot = await connection.presentTicket({ ticket: bench.putTicket(), chunks: [] }, { signal });
    for (const [index, chunk] of chunks.entries()) {
      await connection.put(slot, chunk, contents[index] ?? new Uint8Array(), { signal });
    }
    const receipt = accept(
      openReceipt(await connection.receipt(slot, chunks, { signal }), {
        verifier,
        nodePublicKey: accept(
          verifyLeaf(bench.nodeOwn.leaf, { ca: bench.member.ca, memberId: bench.member.memberId, nowMs: Date.now() }),
        ).publicKey,
        nodeId: NODE_ID,
        origin: bench.member.memberId,
        clientKeyHash: bench.keyHashOf(bench.client),
        uploadId: UPLOAD_ID,
        listDigest: chunkListDigest(chunks, hasher),
        nowMs: Date.now(),
      }),
    );
    expect(receipt.holdExpiresAtMs).toBeGreaterThan(Date.now() + LIMITS.uploadLifeMs - 60_000);
    const reading = await bench.readSlot(connection, chunks);
    for (const [index, chunk] of chunks.entries()) {
      const got = await connection.get(reading, chunk, new Uint8Array(chunk.lengthBytes), { signal });
      expect(equalBytes(got, contents[index] ?? new Uint8Array())).toBe(true);
    }
    const range = { offset: 300_000, bytes: 5000 };
    const part = await connection.getRange(reading, entryOf(bytesOf(2, LARGE)), range, new Uint8Array(LARGE), { signal });
    expect(part).toEqual(bytesOf(2, LARGE).subarray(300_000, 305_000));
  });

  it('a chunk that the origin holds need not be sent again, and one that was not sent gets no receipt', async () => {
    const { connection } = await connected();
    const known = bytesOf(1, SMALL);
    await bench.store(connection, [known]);
    const ticket = bench.putTicket({ uploadId: OTHER_UPLOAD_ID });
    const slot = await connection.presentTicket({ ticket, chunks: [] }, { signal });
    const chunks = [entryOf(known), entryOf(bytesOf(2, SMALL))];
    expect(await connection.held(slot, chunks, { signal })).toEqual([true, false]);
    await connection.receipt(slot, chunks.slice(0, 1), { signal });
    expect((await errorOf(connection.receipt(slot, chunks, { signal }))).code).toBe('CHUNK_UNKNOWN');
  });

  it("what the client calls its work by stands in the node's log", async () => {
    const { connection } = await connected();
    const label = 'put-photos-1' as RequestId;
    await connection.presentTicket({ ticket: bench.putTicket(), chunks: [], label }, { signal });
    expect(bench.logger.lines.some(({ fields }) => fields['requestId'] === label)).toBe(true);
  });
});

describe('a store that is not well', () => {
  it('a full store refuses clearly, is reported at once, and goes on serving', async () => {
    bench.coordinator.heartbeatMs = 60_000;
    const { connection } = await connected({ capacityBytes: 5 * LARGE });
    const content = bytesOf(1, 4 * LARGE);
    const [chunk = entryOf(content)] = await bench.store(connection, [content]);
    const more = bytesOf(2, 2 * LARGE);
    const slot = await connection.presentTicket({ ticket: bench.putTicket(), chunks: [] }, { signal });
    expect((await errorOf(connection.put(slot, entryOf(more), more, { signal }))).code).toBe('NODE_FULL');
    const heartbeat = await bench.coordinator.hears('heartbeat', ({ storeState }) => storeState === 'full');
    expect(heartbeat).toMatchObject({ freeBytes: LARGE, usedBytes: 4 * LARGE });
    expect(heartbeat.storeReason).toMatch(/capacity/);
    const reading = await bench.readSlot(connection, [chunk]);
    expect(equalBytes(await connection.get(reading, chunk, new Uint8Array(4 * LARGE), { signal }), content)).toBe(true);
  });

  it.each<[string, number]>([
    ['a file of its own', LARGE],
    ['a pack', SMALL],
  ])(
    'a disk that fails under a chunk for %s makes the store read-only, which is reported at once, until it was checked',
    async (_where, bytes) => {
      bench.coordinator.heartbeatMs = 60_000;
      const { connection } = await connected();
      const before = bytesOf(1, bytes);
      const chunks = await bench.store(connection, [before]);
      bench.disk.failing = 'EIO';
      const failed = bytesOf(2, bytes);
      expect((await errorOf(bench.store(connection, [failed]))).code).toBe('NODE_READ_ONLY');
      const heartbeat = await bench.coordinator.hears('heartbeat', ({ storeState }) => storeState === 'read-only');
      expect(heartbeat.storeReason).toMatch(/EIO/);
      const still = await bench.coordinator.order({ $case: 'checkStore', value: {} });
      expect(still).toMatchObject({ value: { failure: { code: 'NODE_READ_ONLY' } } });
      const reading = await bench.readSlot(connection, chunks);
      const got = await connection.get(reading, entryOf(before), new Uint8Array(bytes), { signal });
      expect(equalBytes(got, before)).toBe(true);
      bench.disk.failing = undefined;
      bench.coordinator.heard.splice(0);
      const checked = await bench.coordinator.order({ $case: 'checkStore', value: {} });
      expect(checked.$case === 'answer' && checked.value.failure).toBeUndefined();
      await bench.coordinator.hears('heartbeat', ({ storeState }) => storeState === 'ready');
      await bench.store(connection, [failed]);
    },
  );

  it('a read-only store tries its disk again by itself, and takes chunks once that works', async () => {
    bench.coordinator.heartbeatMs = 60_000;
    const { connection } = await connected();
    bench.disk.failing = 'EIO';
    expect((await errorOf(bench.store(connection, [bytesOf(1, LARGE)]))).code).toBe('NODE_READ_ONLY');
    await bench.coordinator.hears('heartbeat', ({ storeState }) => storeState === 'read-only');
    bench.disk.failing = undefined;
    bench.coordinator.heard.splice(0);
    await bench.coordinator.hears('heartbeat', ({ storeState }) => storeState === 'ready');
    await bench.store(connection, [bytesOf(1, LARGE)]);
  });

  it('a disk that is full under a chunk refuses it, is reported at once, and takes chunks when there is room', async () => {
    bench.coordinator.heartbeatMs = 60_000;
    const { connection } = await connected();
    bench.disk.failing = 'ENOSPC';
    expect((await errorOf(bench.store(connection, [bytesOf(1, LARGE)]))).code).toBe('NODE_FULL');
    bench.disk.failing = undefined;
    await bench.store(connection, [bytesOf(1, LARGE)]);
    expect(await bench.coordinator.hears('heartbeat', ({ usedBytes }) => usedBytes === 0)).toMatchObject({ storeState: 'ready' });
  });

  const damage = async (change: (path: string) => Promise<void>): Promise<void> => {
    const folder = join(bench.storePath, 'chunks');
    for (const name of await readdir(folder, { recursive: true })) {
      if (name.length > 60) await change(join(folder, name));
    }
  };

  it('a copy that a reader finds missing is reported at once', async () => {
    bench.coordinator.heartbeatMs = 60_000;
    const { connection } = await connected();
    const content = bytesOf(1, LARGE);
    const [chunk = entryOf(content)] = await bench.store(connection, [content]);
    await damage((path) => rm(path));
    const reading = await bench.readSlot(connection, [chunk]);
    expect((await errorOf(connection.get(reading, chunk, new Uint8Array(LARGE), { signal }))).code).toBe('CHUNK_DAMAGED');
    const { chunks } = await bench.coordinator.hears('damage');
    expect(chunks).toEqual([{ chunkId: chunk.chunkId, code: 'CHUNK_UNKNOWN' }]);
    await bench.coordinator.hears('heartbeat', ({ damagedCopies }) => damagedCopies === 1);
  });

  it('an order to verify finds the altered copy among whole ones, and the one that is not there', async () => {
    const { connection } = await connected();
    const contents = [bytesOf(1, LARGE), bytesOf(2, SMALL)];
    const [altered, whole] = await bench.store(connection, contents);
    await damage(async (path) => {
      const bytes = await readFile(path);
      bytes[1000] = (bytes[1000] ?? 0) ^ 1;
      await writeFile(path, bytes);
    });
    const absent = entryOf(bytesOf(9, SMALL)).chunkId;
    const chunkIds = [altered?.chunkId ?? '', whole?.chunkId ?? '', absent];
    const reply = await bench.coordinator.order({ $case: 'verify', value: { chunkIds } });
    expect(reply).toMatchObject({
      $case: 'answer',
      value: {
        damaged: [
          { chunkId: altered?.chunkId, code: 'CHUNK_DAMAGED' },
          { chunkId: absent, code: 'CHUNK_UNKNOWN' },
        ],
      },
    });
    await bench.coordinator.hears('damage', ({ chunks }) => chunks.some(({ chunkId }) => chunkId === altered?.chunkId));
  });

  it('a lost copy that was sent again is told to be whole, at once', async () => {
    bench.coordinator.heartbeatMs = 60_000;
    const { connection } = await connected();
    const content = bytesOf(1, LARGE);
    const [{ chunkId } = entryOf(content)] = await bench.store(connection, [content]);
    await damage((path) => rm(path));
    await bench.coordinator.order({ $case: 'verify', value: { chunkIds: [chunkId] } });
    await bench.store(connection, [content]);
    const { wholeChunkIds } = await bench.coordinator.hears('damage', (told) => told.wholeChunkIds.length > 0);
    expect(wholeChunkIds).toEqual([chunkId]);
  });

  it('a copy that is found whole after all is told to be, and is read again', async () => {
    bench.coordinator.heartbeatMs = 60_000;
    const { connection } = await connected();
    const content = bytesOf(1, LARGE);
    const [chunk = entryOf(content)] = await bench.store(connection, [content]);
    const verify = { $case: 'verify', value: { chunkIds: [chunk.chunkId] } } as const;
    const moved: string[] = [];
    await damage(async (path) => {
      await rename(path, join(bench.storePath, 'away'));
      moved.push(path);
    });
    expect(await bench.coordinator.order(verify)).toMatchObject({ value: { damaged: [{ code: 'CHUNK_UNKNOWN' }] } });
    await rename(join(bench.storePath, 'away'), moved[0] ?? '');
    expect(await bench.coordinator.order(verify)).toMatchObject({ value: { damaged: [] } });
    const { wholeChunkIds } = await bench.coordinator.hears('damage', (told) => told.wholeChunkIds.length > 0);
    expect(wholeChunkIds).toEqual([chunk.chunkId]);
    const reading = await bench.readSlot(connection, [chunk]);
    expect(equalBytes(await connection.get(reading, chunk, new Uint8Array(LARGE), { signal }), content)).toBe(true);
  });

  it('known damage is told again to a coordinator that comes back', async () => {
    const { connection } = await connected();
    const content = bytesOf(1, LARGE);
    const [chunk = entryOf(content)] = await bench.store(connection, [content]);
    await damage((path) => rm(path));
    await bench.coordinator.order({ $case: 'verify', value: { chunkIds: [chunk.chunkId] } });
    await bench.coordinator.hears('damage');
    await bench.coordinator.stop();
    bench.coordinator.heard.splice(0);
    await bench.coordinator.start();
    expect((await bench.coordinator.hears('damage')).chunks).toEqual([{ chunkId: chunk.chunkId, code: 'CHUNK_UNKNOWN' }]);
  });
});

describe('orders', () => {
  it('the inventory comes in pages, in the order of ids', async () => {
    const { connection } = await connected();
    const contents = Array.from({ length: 5 }, (_, index) => bytesOf(index, 100));
    const chunks = await bench.store(connection, contents);
    const ids = chunks.map(({ chunkId }) => chunkId).sort();
    const all = await bench.coordinator.order({ $case: 'inventory', value: { afterChunkId: '' } });
    expect(all.$case === 'inventory' && all.value.chunks.map(({ chunkId }) => chunkId)).toEqual(ids);
    const rest = await bench.coordinator.order({ $case: 'inventory', value: { afterChunkId: ids[2] ?? '' } });
    expect(rest.$case === 'inventory' && rest.value.chunks.map(({ chunkId }) => chunkId)).toEqual(ids.slice(3));
    expect(rest).toMatchObject({ value: { done: true } });
  });

  it('a store that is sound passes its check', async () => {
    await connected();
    const reply = await bench.coordinator.order({ $case: 'checkStore', value: {} });
    expect(reply).toMatchObject({ $case: 'answer', value: { damaged: [] } });
    expect(reply.$case === 'answer' && reply.value.failure).toBeUndefined();
  });

  it('orders that make no sense are answered with a failure, and the session goes on', async () => {
    await connected();
    const malformed = await bench.coordinator.order({ $case: 'verify', value: { chunkIds: ['../../etc/passwd'] } });
    expect(malformed).toMatchObject({ value: { failure: { code: 'REQUEST_INVALID' } } });
    const badPage = await bench.coordinator.order({ $case: 'inventory', value: { afterChunkId: '/' } });
    expect(badPage).toMatchObject({ value: { failure: { code: 'REQUEST_INVALID' } } });
    const long = await bench.coordinator.order({ $case: 'verify', value: { chunkIds: Array.from({ length: 513 }, () => 'x') } });
    expect(long).toMatchObject({ value: { failure: { code: 'LIMIT_EXCEEDED' } } });
    const unknown = await bench.coordinator.order(undefined);
    expect(unknown).toMatchObject({ value: { failure: { code: 'UNSUPPORTED' } } });
    expect(bench.coordinator.hellos).toHaveLength(1);
  });
});

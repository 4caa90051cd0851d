import type { FileHandle } from 'node:fs/promises';
import { LIMITS, type MemberId, type NodeId, type UploadId } from '../../src/base/index.js';
import { chunkIdOfOwned, splitFile, type ChunkEntry, type FileRun } from '../../src/chunks/index.js';
import { chunkListDigest, issueTicket } from '../../src/identity/index.js';
import type { Hasher, Random, Signer } from '../../src/ports/index.js';
import type { ChunkConnection } from '../../src/transport/chunk-protocol/index.js';

export interface Pipeline {
  readonly connections: readonly { readonly connection: ChunkConnection; readonly nodeId: NodeId }[];
  readonly origin: MemberId;
  readonly clientKeyHash: Uint8Array;
  readonly coordinator: Signer;
  readonly hasher: Hasher;
  readonly random: Random;
  /** One for each chunk in flight. */
  readonly buffers: readonly Uint8Array[];
}

const options = { signal: new AbortController().signal };
const RECEIPT_CHUNKS = 64;

/** Puts a file on every node, each chunk read and hashed once; answers its chunks when all receipts are in. */
export async function putFile(pipeline: Pipeline, source: FileHandle, fileBytes: number): Promise<readonly ChunkEntry[]> {
  const { connections, hasher, coordinator, random } = pipeline;
  const uploadId = 'u'.repeat(25).concat('a') as UploadId;
  const slots = await Promise.all(
    connections.map(({ connection, nodeId }) => {
      const ticket = issueTicket(
        { ...common(pipeline, nodeId, random), kind: 'put', uploadId, byteBudget: 2 * fileBytes },
        coordinator,
      );
      return connection.presentTicket({ ticket, chunks: [] }, options);
    }),
  );
  const runs = [...splitFile(fileBytes)];
  const chunks: ChunkEntry[] = [];
  const receipts: Promise<unknown>[] = [];
  let done: ChunkEntry[] = [];
  const receipt = (): void => {
    const list = done;
    done = [];
    for (const [at, { connection }] of connections.entries()) receipts.push(connection.receipt(slotOf(slots, at), list, options));
  };
  await inParallel(pipeline.buffers, runs, async (buffer, { offset, length }, index) => {
    const bytes = buffer.subarray(0, length);
    await source.read(bytes, 0, length, offset);
    const chunk = { chunkId: chunkIdOfOwned(hasher, bytes), lengthBytes: length };
    await Promise.all(connections.map(({ connection }, at) => connection.put(slotOf(slots, at), chunk, bytes, options)));
    chunks[index] = chunk;
    done.push(chunk);
    if (done.length === RECEIPT_CHUNKS) receipt();
  });
  if (done.length > 0) receipt();
  await Promise.all(receipts);
  for (const [at, { connection }] of connections.entries()) connection.releaseTicket(slotOf(slots, at));
  return chunks;
}

/** Gets a file, its chunks alternately from the nodes, each verified on the way. */
export async function getFile(
  pipeline: Pipeline,
  chunks: readonly ChunkEntry[],
  fileBytes: number,
  sink: (bytes: Uint8Array, offset: number) => Promise<void>,
): Promise<void> {
  const { connections, hasher, coordinator, random } = pipeline;
  const slots = await Promise.all(
    connections.map(({ connection, nodeId }) => {
      const listDigest = chunkListDigest(chunks, hasher);
      const ticket = issueTicket({ ...common(pipeline, nodeId, random), kind: 'read', listDigest }, coordinator);
      return connection.presentTicket({ ticket, chunks }, options);
    }),
  );
  const runs = [...splitFile(fileBytes)];
  await inParallel(pipeline.buffers, runs, async (buffer, { offset }, index) => {
    const at = index % connections.length;
    const chunk = chunks[index];
    const connection = connections[at]?.connection;
    if (chunk === undefined || connection === undefined) throw new Error('every run has its chunk');
    await sink(await connection.get(slotOf(slots, at), chunk, buffer, options), offset);
  });
  for (const [at, { connection }] of connections.entries()) connection.releaseTicket(slotOf(slots, at));
}

async function inParallel(
  buffers: readonly Uint8Array[],
  runs: readonly FileRun[],
  work: (buffer: Uint8Array, run: FileRun, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    buffers.map(async (buffer) => {
      for (let index = next++; index < runs.length; index = next++) {
        const run = runs[index];
        if (run !== undefined) await work(buffer, run, index);
      }
    }),
  );
}

function slotOf<Slot>(slots: readonly Slot[], at: number): Slot {
  const slot = slots[at];
  if (slot === undefined) throw new Error('every node was shown a ticket');
  return slot;
}

const common = (pipeline: Pipeline, nodeId: NodeId, random: Random) => ({
  origin: pipeline.origin,
  nodeId,
  clientKeyHash: pipeline.clientKeyHash,
  expiresAtMs: Date.now() + LIMITS.ticketLifeMs,
  ticketId: random.bytes(16),
  revocationPosition: 0,
});

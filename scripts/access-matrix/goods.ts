import type { ChunkId, RequestId } from '../../src/base/index.js';
import { type ChunkEntry, chunkIdOf } from '../../src/chunks/index.js';
import { createTlsNetwork, NodeHasher } from '../../src/runtime/index.js';
import { tlsCredentials } from '../../src/identity/index.js';
import { ChunkConnection } from '../../src/transport/index.js';
import type { AccessWorld } from '../../test/integration/access/support/access-world.js';

/** A chunk that a node holds, and the rights of the client that put it there. */
export interface Goods {
  readonly chunk: ChunkEntry;
  readonly bytes: Uint8Array;
  /** Not used up yet. */
  readonly putTicket: Uint8Array;
  readonly readTicket: Uint8Array;
  readonly dataPort: number;
}

const signal = new AbortController().signal;
const CONTENT = Buffer.from('what is kept at a node for the member alone');

/** Stores a file of one chunk, as any client does, and asks for it. */
export async function storeGoods(world: AccessWorld): Promise<Goods> {
  const { client, ports } = world;
  const { files, own } = client;
  const bytes = new Uint8Array(CONTENT);
  const chunk = { chunkId: chunkIdOf(new NodeHasher(), bytes), lengthBytes: bytes.length };
  const { uploadId } = await files.openUpload({ requestId: 'goods-open', copies: 1, expectedBytes: bytes.length }, { signal });
  const placed = await files.placeChunks({ uploadId, chunks: [chunk], avoidNodeIds: [] }, { signal });
  const access = placed.nodes[0];
  if (access === undefined) throw new Error('the chunk was placed nowhere');
  const dataPort = Number(access.endpoints[0]?.split(':').at(-1));
  const stream = await createTlsNetwork().connect({
    host: '127.0.0.1',
    port: dataPort,
    credentials: tlsCredentials(own, ['node'], ports.clock),
    timeoutMs: 10_000,
    signal,
  });
  const connection = await ChunkConnection.open({ stream, ...ports }, signal);
  const slot = await connection.presentTicket({ ticket: access.ticket, chunks: [], label: 'goods' as RequestId }, { signal });
  await connection.put(slot, chunk, bytes, { signal });
  const signedReceipt = await connection.receipt(slot, [chunk], { signal });
  connection.close();
  const extents = [{ offsetBytes: 0, lengthBytes: bytes.length, chunkId: chunk.chunkId }];
  const file = { path: '/goods', sizeBytes: bytes.length, mode: 0o644, modified: undefined, extentListIds: [], extents };
  await files.commitFiles(
    {
      requestId: 'goods-commit',
      uploadId,
      files: [{ ...file, contentType: '', makeParents: false }],
      receipts: [{ nodeId: access.nodeId, signedReceipt, chunks: [chunk] }],
    },
    { signal },
  );
  const again = await files.placeChunks({ uploadId, chunks: [chunk], avoidNodeIds: [] }, { signal });
  const putTicket = again.nodes[0]?.ticket ?? new Uint8Array();
  return { chunk, bytes, putTicket, readTicket: await readTicketFor(world, chunk.chunkId), dataPort };
}

async function readTicketFor({ client }: AccessWorld, chunkId: ChunkId): Promise<Uint8Array> {
  const targets = [{ path: '/goods', version: 0, offsetBytes: 0, lengthBytes: 0 }];
  for await (const page of client.files.readFiles({ targets }, { signal })) {
    const ticket = page.nodes[0]?.ticket;
    if (page.extents[0]?.chunkId === chunkId && ticket !== undefined) return ticket;
  }
  throw new Error('the file was not found again');
}

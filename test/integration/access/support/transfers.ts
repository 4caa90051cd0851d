import { accept, type RequestId } from '../../../../src/base/index.js';
import { type ChunkEntry, chunkIdOf } from '../../../../src/chunks/index.js';
import { type OwnCredentials, tlsCredentials, verifyLeaf } from '../../../../src/identity/index.js';
import { createTlsNetwork, NodeHasher } from '../../../../src/runtime/index.js';
import { ChunkConnection, type NodeAccess, type Receipt } from '../../../../src/transport/index.js';
import type { AccessClient, AccessWorld } from './access-world.js';
import { EMPTY_FILE, requestId } from './requests.js';

const signal = new AbortController().signal;
const hasher = new NodeHasher();
const network = createTlsNetwork();

export interface Content {
  readonly chunk: ChunkEntry;
  readonly bytes: Uint8Array;
}

export function contentOf(text: string): Content {
  const bytes = new Uint8Array(Buffer.from(text));
  return { bytes, chunk: { chunkId: chunkIdOf(hasher, bytes), lengthBytes: bytes.length } };
}

/** A connection of this program to a node's data port. */
export async function openData(world: AccessWorld, own: OwnCredentials, port: number): Promise<ChunkConnection> {
  const credentials = tlsCredentials(own, ['node'], world.ports.clock);
  const stream = await network.connect({ host: '127.0.0.1', port, credentials, timeoutMs: 10_000, signal });
  return ChunkConnection.open({ stream, ...world.ports }, signal);
}

export const portIn = (access: NodeAccess): number => Number(access.endpoints[0]?.split(':').at(-1));

/** What tickets and receipts name a client by. */
export function keyHashOf({ own }: AccessClient): Uint8Array {
  return accept(verifyLeaf(own.leaf, { ca: own.ca, memberId: own.memberId, nowMs: Date.now() })).publicKeyHash;
}

export interface Stored {
  readonly uploadId: string;
  readonly nodes: readonly NodeAccess[];
  readonly receipts: readonly Receipt[];
}

/** Sends one chunk to as many nodes as asked for, and holds their receipts; nothing is committed. */
export async function send(world: AccessWorld, client: AccessClient, content: Content, copies: number): Promise<Stored> {
  const { files, own } = client;
  const { chunk, bytes } = content;
  const opened = await files.openUpload({ requestId: requestId(), copies, expectedBytes: bytes.length }, { signal });
  const { uploadId } = opened;
  const { nodes } = await files.placeChunks({ uploadId, chunks: [chunk], avoidNodeIds: [] }, { signal });
  const receipts: Receipt[] = [];
  for (const access of nodes) {
    const connection = await openData(world, own, portIn(access));
    const slot = await connection.presentTicket(
      { ticket: access.ticket, chunks: [], label: requestId() as RequestId },
      { signal },
    );
    await connection.put(slot, chunk, bytes, { signal });
    receipts.push({ nodeId: access.nodeId, signedReceipt: await connection.receipt(slot, [chunk], { signal }), chunks: [chunk] });
    connection.close();
  }
  return { uploadId, nodes, receipts };
}

/** A file of one chunk, with these receipts for it. */
export function commitOf(path: string, { chunk }: Content, uploadId: string, receipts: readonly Receipt[]) {
  const extents = [{ offsetBytes: 0, lengthBytes: chunk.lengthBytes, chunkId: chunk.chunkId }];
  const file = { ...EMPTY_FILE, path, sizeBytes: chunk.lengthBytes, extents };
  return { requestId: requestId(), uploadId, files: [file], receipts: [...receipts] };
}

/** A file that any client of the member may read, on so many nodes. */
export async function store(
  world: AccessWorld,
  client: AccessClient,
  path: string,
  content: Content,
  copies: number,
): Promise<Stored> {
  const stored = await send(world, client, content, copies);
  const { outcomes } = await client.files.commitFiles(commitOf(path, content, stored.uploadId, stored.receipts), { signal });
  const failure = outcomes[0]?.failure;
  if (failure !== undefined) throw new Error(`${failure.code}: ${failure.message}`);
  return stored;
}

/** Where a file of one chunk can be read, with tickets for this client. */
export async function readAccess(client: AccessClient, path: string): Promise<readonly NodeAccess[]> {
  const targets = [{ path, version: 0, offsetBytes: 0, lengthBytes: 0 }];
  for await (const page of client.files.readFiles({ targets }, { signal })) return page.nodes;
  return [];
}

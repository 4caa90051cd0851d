import type { ChunkEntry } from '../../src/chunks/index.js';
import type { AccessWorld } from '../../test/integration/access/support/access-world.js';
import { contentOf, portIn, readAccess, store } from '../../test/integration/access/support/transfers.js';

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

/** Stores a file of one chunk, as any client does, and asks for it. */
export async function storeGoods(world: AccessWorld): Promise<Goods> {
  const { client } = world;
  const content = contentOf('what is kept at a node for the member alone');
  const { uploadId } = await store(world, client, '/goods', content, 1);
  const again = await client.files.placeChunks({ uploadId, chunks: [content.chunk], avoidNodeIds: [] }, { signal });
  const [toPut] = again.nodes;
  const [toRead] = await readAccess(client, '/goods');
  if (toPut === undefined || toRead === undefined) throw new Error('the goods are nowhere');
  return { ...content, putTicket: toPut.ticket, readTicket: toRead.ticket, dataPort: portIn(toRead) };
}

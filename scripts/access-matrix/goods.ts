import type { ChunkEntry } from '../../src/chunks/index.js';
import type { AccessWorld } from '../../test/integration/access/support/access-world.js';
import { contentOf, portIn, readAccess, store } from '../../test/integration/access/support/transfers.js';

/** A chunk that a node holds, and the rights of the client that put it there. */
export interface Goods {
  readonly chunk: ChunkEntry;
  readonly bytes: Uint8Array;
  /** One that is not used up yet: each lets the chunk in once. */
  readonly putTicket: Uint8Array;
  readonly readTicket: Uint8Array;
  readonly dataPort: number;
}

/** As many as whatever asks for one may take: each is asked for one after another. */
const PUT_TICKETS = 64;
const signal = new AbortController().signal;

/** Stores a file of one chunk, as any client does, and asks for it. */
export async function storeGoods(world: AccessWorld): Promise<Goods> {
  const { client } = world;
  const content = contentOf('what is kept at a node for the member alone');
  const { uploadId } = await store(world, client, '/goods', content, 1);
  const putTickets: Uint8Array[] = [];
  for (let count = 0; count < PUT_TICKETS; count += 1) {
    const again = await client.files.placeChunks({ uploadId, chunks: [content.chunk], avoidNodeIds: [] }, { signal });
    putTickets.push(...again.nodes.map(({ ticket }) => ticket));
  }
  let used = 0;
  const [toRead] = await readAccess(client, '/goods');
  if (putTickets.length === 0 || toRead === undefined) throw new Error('the goods are nowhere');
  return {
    ...content,
    get putTicket() {
      used += 1;
      return putTickets[used % putTickets.length] ?? new Uint8Array();
    },
    readTicket: toRead.ticket,
    dataPort: portIn(toRead),
  };
}

import type { ChunkEntry } from '../../src/chunks/index.js';
import type { AccessWorld } from '../../test/integration/access/support/access-world.js';
import { contentOf, portIn, readAccess, store } from '../../test/integration/access/support/transfers.js';

/** What the client that put a chunk at a node may do there; a ticket lets the chunk in once. */
export interface Rights {
  readonly putTicket: Uint8Array;
  readonly readTicket: Uint8Array;
}

interface Stock {
  readonly putTickets: Uint8Array[];
  readonly readTicket: Uint8Array;
  readonly dataPort: number;
  readonly freshUntilMs: number;
}

const PUT_TICKETS = 64;
/** Well below the life of a ticket: the whole matrix takes longer than that. */
const FRESH_MS = 4 * 60_000;
const signal = new AbortController().signal;

/** A chunk that a node holds, and rights to it that are not used up yet. */
export class Goods {
  readonly chunk: ChunkEntry;
  readonly bytes: Uint8Array;
  readonly dataPort: number;
  readonly #world: AccessWorld;
  #stock: Stock;
  #next: Promise<Stock> | undefined;

  private constructor(world: AccessWorld, stock: Stock) {
    this.#world = world;
    this.#stock = stock;
    const { chunk, bytes } = CONTENT;
    this.chunk = chunk;
    this.bytes = bytes;
    this.dataPort = stock.dataPort;
  }

  /** Stores a file of one chunk, as any client does. */
  static async store(world: AccessWorld): Promise<Goods> {
    return new Goods(world, await stockOf(world));
  }

  async rights(): Promise<Rights> {
    for (;;) {
      const { putTickets, readTicket, freshUntilMs } = this.#stock;
      const putTicket = performance.now() < freshUntilMs ? putTickets.pop() : undefined;
      if (putTicket !== undefined) return { putTicket, readTicket };
      this.#next ??= stockOf(this.#world);
      this.#stock = await this.#next;
      this.#next = undefined;
    }
  }
}

const CONTENT = contentOf('what is kept at a node for the member alone');

let stocks = 0;

async function stockOf(world: AccessWorld): Promise<Stock> {
  const { client } = world;
  stocks += 1;
  const path = `/goods-${stocks}`;
  const freshUntilMs = performance.now() + FRESH_MS;
  const { uploadId } = await store(world, client, path, CONTENT, 1);
  const putTickets: Uint8Array[] = [];
  for (let count = 0; count < PUT_TICKETS; count += 1) {
    const again = await client.files.placeChunks({ uploadId, chunks: [CONTENT.chunk], avoidNodeIds: [] }, { signal });
    putTickets.push(...again.nodes.map(({ ticket }) => ticket));
  }
  const [toRead] = await readAccess(client, path);
  if (putTickets.length === 0 || toRead === undefined) throw new Error('the goods are nowhere');
  return { putTickets, readTicket: toRead.ticket, dataPort: portIn(toRead), freshUntilMs };
}

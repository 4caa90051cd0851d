import { CollectiveError, type ChunkId } from '../../base/index.js';
import type { ChunkBytes, ChunkEntry, ChunkRange, ChunkStore } from '../../chunks/index.js';
import type { ReadTicket } from '../../identity/index.js';
import type { ReceivingChunk, TicketRights } from '../../transport/index.js';
import { tellingTrouble } from './store-trouble.js';
import type { TicketScope } from './ticket-scope.js';

/** Reading the chunks of one list for one origin. */
export class ReadRights implements TicketRights {
  readonly #scope: TicketScope<ReadTicket>;
  readonly #store: ChunkStore;
  readonly #lengths: ReadonlyMap<ChunkId, number>;
  readonly #onStoreTrouble: () => void;

  /** `chunks` is the list whose digest the ticket names. */
  constructor(scope: TicketScope<ReadTicket>, store: ChunkStore, chunks: readonly ChunkEntry[], onStoreTrouble: () => void) {
    this.#scope = scope;
    this.#store = store;
    this.#onStoreTrouble = onStoreTrouble;
    this.#lengths = new Map(chunks.map(({ chunkId, lengthBytes }) => [chunkId, lengthBytes]));
  }

  async read(chunk: ChunkEntry, signal: AbortSignal): Promise<ChunkBytes> {
    this.#assertListed(chunk);
    const read = (): Promise<ChunkBytes> => this.#store.read(this.#scope.ticket.origin, chunk.chunkId, signal);
    const found = await tellingTrouble(read, this.#onStoreTrouble);
    if (found.bytes.length === chunk.lengthBytes) return found;
    found.release();
    throw otherLength(chunk);
  }

  async readRange(
    chunk: ChunkEntry,
    range: { readonly offset: number; readonly bytes: number },
    signal: AbortSignal,
  ): Promise<ChunkRange> {
    this.#assertListed(chunk);
    const { origin } = this.#scope.ticket;
    const read = (): Promise<ChunkRange> => this.#store.readRange(origin, chunk.chunkId, range.offset, range.bytes, signal);
    const found = await tellingTrouble(read, this.#onStoreTrouble);
    if (found.chunkLengthBytes === chunk.lengthBytes) return found;
    found.release();
    throw otherLength(chunk);
  }

  async receive(): Promise<ReceivingChunk> {
    throw this.#scope.refuse('store any');
  }

  async held(): Promise<readonly boolean[]> {
    throw this.#scope.refuse('store any');
  }

  async receipt(): Promise<Uint8Array> {
    throw this.#scope.refuse('store any');
  }

  #assertListed({ chunkId, lengthBytes }: ChunkEntry): void {
    this.#scope.assertGood();
    if (this.#lengths.get(chunkId) === lengthBytes) return;
    throw new CollectiveError('PERMISSION_DENIED', `The ticket does not cover chunk ${chunkId} of ${lengthBytes} bytes.`, {
      details: { chunkId },
    });
  }
}

const otherLength = ({ chunkId, lengthBytes }: ChunkEntry): CollectiveError =>
  new CollectiveError('CHUNK_UNKNOWN', `This node holds no chunk ${chunkId} of ${lengthBytes} bytes.`, { details: { chunkId } });

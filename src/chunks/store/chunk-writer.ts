import { CollectiveError } from '../../base/index.js';
import type { LeafReceiver } from '../leaf-hashing.js';
import type { ChunkFiles } from './chunk-files.js';
import type { ChunkReader } from './chunk-reader.js';
import type { DamageList } from './damage-list.js';
import { nodeReadOnly } from './failures.js';
import type { StoreHealth } from './health.js';
import type { Arrival } from './incoming-chunk.js';
import type { IndexKeeper } from './index-keeper.js';
import type { KeyedLock } from './keyed-lock.js';
import { isPacked } from './layout.js';
import type { PackWriter } from './pack-writer.js';
import type { PendingChunks } from './pending-chunks.js';
import type { ChunkLocation } from './types.js';

export interface ChunkWriterParts {
  readonly files: ChunkFiles;
  readonly packs: PackWriter;
  readonly index: IndexKeeper;
  readonly pending: PendingChunks;
  readonly damage: DamageList;
  readonly reader: ChunkReader;
  readonly health: StoreHealth;
  readonly locks: KeyedLock;
}

/** Writes what arrived, unless the same bytes are stored already. */
export class ChunkWriter {
  readonly #parts: ChunkWriterParts;

  constructor(parts: ChunkWriterParts) {
    this.#parts = parts;
  }

  /** Errors: REQUEST_INVALID, NODE_FULL, NODE_READ_ONLY, UNAVAILABLE. */
  async write(arrival: Arrival, receiver: LeafReceiver, buffer: Uint8Array): Promise<void> {
    if (receiver.chunkId() !== arrival.chunkId) {
      throw new CollectiveError('REQUEST_INVALID', `The bytes sent are not those of chunk ${arrival.chunkId}.`, {
        next: 'Send the chunk again; if it happens again, check the memory of the client.',
        details: { chunkId: arrival.chunkId },
      });
    }
    await this.#parts.locks.run(arrival.chunkId, () => this.#writeLocked(arrival, receiver, buffer));
  }

  async #writeLocked(arrival: Arrival, receiver: LeafReceiver, buffer: Uint8Array): Promise<void> {
    const { pending, health } = this.#parts;
    const { origin, uploadId, chunkId, lengthBytes } = arrival;
    health.assertWritable();
    const { generation } = pending;
    const found = pending.find(chunkId) ?? (await this.#stored(arrival, receiver.bytes));
    const location = found?.location ?? (await this.#place(arrival, receiver, buffer));
    if (pending.generation !== generation)
      throw nodeReadOnly(health.readOnlyReason ?? 'a sync failed while the chunk was written');
    pending.add(chunkId, { lengthBytes, location, stored: found !== undefined }, origin, uploadId);
  }

  /**
   * The same bytes, stored before (for another member, say). They are compared, not trusted: the good ones are at hand now,
   * and a receipt is going to vouch for those on the disk.
   */
  async #stored({ chunkId }: Arrival, bytes: Uint8Array): Promise<{ readonly location: ChunkLocation } | undefined> {
    const { index, damage, reader } = this.#parts;
    const [chunk] = await index.use((rows) => rows.chunks([chunkId]));
    if (chunk === undefined || damage.get(chunkId) !== undefined) return undefined;
    return (await reader.holdsBytes(chunkId, chunk, bytes)) ? chunk : undefined;
  }

  async #place(arrival: Arrival, receiver: LeafReceiver, buffer: Uint8Array): Promise<ChunkLocation> {
    const { files, packs, health, pending } = this.#parts;
    const { chunkId, lengthBytes, origin } = arrival;
    try {
      if (isPacked(lengthBytes))
        return { kind: 'pack', ...(await packs.append({ chunkId, lengthBytes, origin }, receiver.bytes)) };
      await files.write({ chunkId, lengthBytes, origin, leafHashes: receiver.leafHashes }, buffer);
      return { kind: 'file' };
    } catch (error) {
      const refusal = health.refusal('a chunk could not be written', error);
      if (refusal.code === 'NODE_READ_ONLY' && isPacked(lengthBytes)) {
        // What other chunks wrote to the abandoned packs will not be synced: no receipt may cover it any more.
        pending.clear();
        await packs.abandonUnsynced();
      }
      throw refusal;
    }
  }
}

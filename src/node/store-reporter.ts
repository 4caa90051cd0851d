import { LIMITS, type ErrorCode } from '../base/index.js';
import type { ChunkStore, ChunkStoreStatus, DamagedChunk as StoreDamage } from '../chunks/index.js';
import type { Logger } from '../ports/index.js';
import type { DamagedChunk, SessionHeartbeat } from '../transport/index.js';

export interface StoreReport {
  readonly heartbeat: SessionHeartbeat;
  readonly damaged: readonly StoreDamage[];
}

/** Puts a store's state into the words of the session. */
export class StoreReporter {
  readonly #store: ChunkStore;
  readonly #logger: Logger;
  #last: SessionHeartbeat | undefined;

  constructor(store: ChunkStore, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** Never rejects: a disk that does not answer is a state too. */
  async report(): Promise<StoreReport> {
    try {
      const status = await this.#store.status();
      const heartbeat = heartbeatOf(status);
      if (heartbeat.storeState !== this.#last?.storeState) {
        this.#logger.info('store state', {
          state: heartbeat.storeState,
          reason: heartbeat.storeReason,
          freeBytes: heartbeat.freeBytes,
        });
      }
      this.#last = heartbeat;
      return { heartbeat, damaged: status.damaged };
    } catch (error) {
      this.#logger.error('the store does not tell its state', { error });
      const unknown = { usedBytes: 0, chunks: 0, damagedCopies: 0, ...this.#last };
      const storeReason = 'The disk does not answer; see the log of the node.';
      return { heartbeat: { ...unknown, freeBytes: 0, storeState: 'read-only', storeReason }, damaged: [] };
    }
  }
}

function heartbeatOf(status: ChunkStoreStatus): SessionHeartbeat {
  const byCapacity = status.capacityBytes - status.usedBytes;
  const byDisk = status.freeBytes - status.reserveBytes;
  const freeBytes = Math.max(0, Math.min(byCapacity, byDisk));
  const { usedBytes, chunks } = status;
  const damagedCopies = status.damaged.length + status.damagedUnlisted;
  const common = { usedBytes, freeBytes, chunks, damagedCopies };
  if (status.readOnlyReason !== undefined) return { ...common, storeState: 'read-only', storeReason: status.readOnlyReason };
  // A store that cannot take any one chunk is no use to placement.
  if (freeBytes >= LIMITS.chunkBytesLarge) return { ...common, storeState: 'ready', storeReason: '' };
  const storeReason =
    byCapacity <= byDisk ? 'The capacity that was offered is used up.' : 'The disk is full, but for the reserve.';
  return { ...common, storeState: 'full', storeReason };
}

/** A missing chunk is unknown here; all else that is wrong with one is damage. */
export const damageCodeOf = (reason: StoreDamage['reason']): ErrorCode =>
  reason === 'missing' ? 'CHUNK_UNKNOWN' : 'CHUNK_DAMAGED';

export const damageMessageOf = ({ chunkId, reason }: StoreDamage): DamagedChunk => ({ chunkId, code: damageCodeOf(reason) });

import type { ChunkId } from '../../base/index.js';
import type { Clock, FileSystem, Hasher, KeyValueStores, Logger, Timers } from '../../ports/index.js';
import type { DamagedChunk } from './types.js';

export interface ChunkStoreOptions {
  /** Absolute path of the store's folder, which exists. */
  readonly root: string;
  readonly fileSystem: FileSystem;
  readonly keyValueStores: KeyValueStores;
  readonly hasher: Hasher;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** What the owner offers, in bytes of chunks. */
  readonly capacityBytes: number;
  /** Told of chunks that were listed as damaged and are whole again. */
  readonly onRepaired?: (chunkIds: readonly ChunkId[]) => void;
  /** What stays free on the file system (at most a twentieth of it). Default: `LIMITS.storeReserveBytes`. */
  readonly reserveBytes?: number;
  /** Default: `LIMITS.packBytes`. */
  readonly packBytes?: number;
  /** Default: `LIMITS.journalSegmentBytes`. */
  readonly journalSegmentBytes?: number;
}

/** How a store is, for status. */
export interface ChunkStoreStatus {
  /** Why no chunk is taken; undefined while the store is writable. */
  readonly readOnlyReason: string | undefined;
  readonly capacityBytes: number;
  /** Bytes of chunks held, and of those received and not held yet. */
  readonly usedBytes: number;
  readonly chunks: number;
  readonly holds: number;
  /** Free on the file system. */
  readonly freeBytes: number;
  /** Of these, what stays free. */
  readonly reserveBytes: number;
  readonly damaged: readonly DamagedChunk[];
  /** Damaged chunks found beyond those listed. */
  readonly damagedUnlisted: number;
  /** What was found wrong with the journal of holds at the start, as sentences. */
  readonly journalDamage: readonly string[];
  /** Times the index was rebuilt since the start. */
  readonly indexRebuilds: number;
}

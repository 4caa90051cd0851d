export type KeyValueOperation =
  | { readonly kind: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: 'delete'; readonly key: Uint8Array };

export interface KeyRange {
  /** Inclusive. */
  readonly from: Uint8Array;
  /** Exclusive. */
  readonly to: Uint8Array;
  readonly reverse?: boolean;
}

/**
 * An ordered map of bytes to bytes, keys in the order of unsigned bytes. It may lose or falsify what it holds (measured for
 * LevelDB): callers keep in it only what can be rebuilt, and put a checksum in every value. Failures are FileSystemErrors.
 */
export interface KeyValueStore {
  /** One result per key, undefined where there is none. Results are owned by the caller. */
  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** All or nothing. Survives the end of the process; survives power loss only with `sync`. */
  batch(operations: readonly KeyValueOperation[], options?: { readonly sync?: boolean }): Promise<void>;
  /** Entries as of the call, in pages the consumer pulls. Ends early by `return()`; throws CANCELLED when `signal` aborts. */
  entries(range: KeyRange, signal?: AbortSignal): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>;
  close(): Promise<void>;
}

export interface KeyValueStores {
  /** `create` makes a new one, or fails (EEXIST) where one exists; `open` fails (ENOENT) where none does. One opener (EBUSY). */
  open(path: string, mode: 'create' | 'open'): Promise<KeyValueStore>;
  /** Removes the store and all it holds; nothing happens where there is none. */
  destroy(path: string): Promise<void>;
}

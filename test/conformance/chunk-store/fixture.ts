import type { ChunkId, MemberId, UploadId } from '../../../src/base/index.js';
import {
  chunkIdOf,
  createChunkStore,
  openChunkStore,
  type ChunkEntry,
  type ChunkStore,
  type ChunkStoreOptions,
} from '../../../src/chunks/index.js';
import type { FileSystem, KeyValueStores } from '../../../src/ports/index.js';
import { NodeHasher } from '../../../src/runtime/index.js';
import { SimClock, SimTime, SimTimers } from '../../simulation/ports/index.js';
import { silentLogger } from './silent-logger.js';

export const ALICE = 'a'.repeat(52) as MemberId;
export const BOB = `${'b'.repeat(51)}a` as MemberId;
export const UPLOAD = `${'u'.repeat(25)}a` as UploadId;
export const OTHER_UPLOAD = `${'v'.repeat(25)}a` as UploadId;
export const FAR_FUTURE_MS = Date.UTC(2040, 0, 1);

export const never = new AbortController().signal;
export const hasher = new NodeHasher();

/** Bytes that differ from place to place and from seed to seed. */
export function bytesOf(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = Math.imul(seed + 1, 2654435761) >>> 0 || 1;
  for (let index = 0; index < words.length; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[index] = state;
  }
  bytes.set(new Uint8Array(words.buffer).subarray(0, length));
  return bytes;
}

const entries = new WeakMap<Uint8Array, ChunkEntry>();

/** The same contents are put again and again: each is hashed once. */
export function entryOf(bytes: Uint8Array): ChunkEntry {
  const entry = entries.get(bytes) ?? { chunkId: chunkIdOf(hasher, bytes), lengthBytes: bytes.length };
  entries.set(bytes, entry);
  return entry;
}

export interface Holder {
  readonly origin?: MemberId;
  readonly uploadId?: UploadId;
}

/** Sends one chunk, in pieces, as a connection does. */
export async function put(
  store: ChunkStore,
  bytes: Uint8Array,
  { origin = ALICE, uploadId = UPLOAD }: Holder = {},
): Promise<ChunkEntry> {
  const entry = entryOf(bytes);
  const incoming = await store.receive({ origin, uploadId, ...entry }, never);
  for (let offset = 0; offset < bytes.length; offset += 100_000) incoming.append(bytes.subarray(offset, offset + 100_000));
  await incoming.store();
  return entry;
}

export const commit = (
  store: ChunkStore,
  chunks: readonly ChunkEntry[],
  { origin = ALICE, uploadId = UPLOAD }: Holder = {},
): Promise<void> => store.commit({ origin, uploadId, expiresAtMs: FAR_FUTURE_MS, chunks }, never);

/** Puts and commits. */
export async function hold(
  store: ChunkStore,
  contents: readonly Uint8Array[],
  holder: Holder = {},
): Promise<readonly ChunkEntry[]> {
  const entries = await Promise.all(contents.map((bytes) => put(store, bytes, holder)));
  await commit(store, entries, holder);
  return entries;
}

export async function read(store: ChunkStore, chunkId: ChunkId, origin: MemberId = ALICE): Promise<Uint8Array> {
  const found = await store.read(origin, chunkId, never);
  const bytes = new Uint8Array(found.bytes);
  found.release();
  return bytes;
}

export interface StoreSettings {
  readonly capacityBytes?: number;
  readonly packBytes?: number;
  readonly journalSegmentBytes?: number;
}

/** One store on some disk, opened and closed at will. Its time stands still unless it is told to pass. */
export class StoreFixture {
  readonly time: SimTime;
  readonly root: string;
  fileSystem: FileSystem;
  keyValueStores: KeyValueStores;
  readonly #settings: StoreSettings;
  #open: ChunkStore | undefined;

  constructor(
    root: string,
    fileSystem: FileSystem,
    keyValueStores: KeyValueStores,
    settings: StoreSettings = {},
    time = new SimTime(),
  ) {
    this.root = root;
    this.time = time;
    this.fileSystem = fileSystem;
    this.keyValueStores = keyValueStores;
    this.#settings = settings;
  }

  get options(): ChunkStoreOptions {
    return {
      root: this.root,
      fileSystem: this.fileSystem,
      keyValueStores: this.keyValueStores,
      hasher,
      clock: new SimClock(this.time),
      timers: new SimTimers(this.time),
      logger: silentLogger,
      capacityBytes: 1_000_000_000,
      ...this.#settings,
    };
  }

  create(): Promise<void> {
    return createChunkStore(this.options);
  }

  async open(): Promise<ChunkStore> {
    this.#open = await openChunkStore(this.options, never);
    return this.#open;
  }

  async close(): Promise<void> {
    await this.#open?.close();
    this.#open = undefined;
  }

  async reopen(): Promise<ChunkStore> {
    await this.close();
    return this.open();
  }

  chunkFile(chunkId: ChunkId): string {
    return `${this.root}/chunks/${chunkId.slice(2, 4)}/${chunkId}`;
  }

  /** Changes one byte of a file. */
  async alter(path: string, position: number): Promise<void> {
    const handle = await this.fileSystem.open(path, 'read-write');
    const byte = new Uint8Array(1);
    await handle.read(byte, position);
    await handle.write(Uint8Array.of((byte[0] ?? 0) ^ 1), position);
    await handle.sync();
    await handle.close();
  }

  async truncate(path: string, bytes: number): Promise<void> {
    const handle = await this.fileSystem.open(path, 'read-write');
    await handle.truncate(bytes);
    await handle.close();
  }
}

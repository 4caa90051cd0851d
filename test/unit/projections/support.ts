import {
  fileIdAt,
  toBase32,
  toHex,
  utf8,
  type ChunkId,
  type ClientId,
  type CollectiveError,
  type ExtentListId,
  type FileId,
  type MemberId,
  type NodeId,
  type RequestId,
  type Result,
  type UploadId,
} from '../../../src/base/index.js';
import type {
  Actor,
  CollectiveEvent,
  Extent,
  FileTime,
  LogPosition,
  RecordedEvent,
  RequestRef,
} from '../../../src/events/index.js';
import type { KeyRange, KeyValueOperation, KeyValueStore } from '../../../src/ports/index.js';
import { ViewHost, type Views } from '../../../src/projections/index.js';
import { NodeHasher } from '../../../src/runtime/index.js';
import { SimKeyValueStores } from '../../simulation/ports/index.js';

export const hasher = new NodeHasher();
const digest = (text: string): Uint8Array => hasher.sha256(utf8(text));

export const memberId = (name: string): MemberId => toBase32(digest(name)) as MemberId;
export const nodeId = (name: string): NodeId => toBase32(digest(name).subarray(0, 10)) as NodeId;
export const clientId = (name: string): ClientId => toBase32(digest(name).subarray(0, 10)) as ClientId;
export const uploadId = (name: string): UploadId => toBase32(digest(name).subarray(0, 16)) as UploadId;
export const chunkId = (name: string): ChunkId => `01${toHex(digest(name))}` as ChunkId;
export const listId = (name: string): ExtentListId => toHex(digest(name)) as ExtentListId;
export const requestRef = (id: string, content = id): RequestRef => ({
  id: id as RequestId,
  commandHash: digest(content).subarray(0, 16),
});

export const ALICE = memberId('alice');
export const BOB = memberId('bob');
export const AT: FileTime = { seconds: 1_700_000_000, nanoseconds: 5 };

/** Adjacent extents of chunks with these names, from an offset on. */
export const extentsOf = (names: readonly string[], lengthBytes = 1000, offsetBytes = 0): readonly Extent[] =>
  names.map((name, index) => ({ offsetBytes: offsetBytes + index * lengthBytes, lengthBytes, chunkId: chunkId(name) }));

/** A member's log without its bytes: gives events their positions and times. */
export class Chronicle {
  readonly origin: MemberId;
  readonly events: RecordedEvent[] = [];

  constructor(origin: MemberId = ALICE) {
    this.origin = origin;
  }

  get next(): LogPosition {
    return { epoch: 1, sequence: this.events.length + 1 };
  }

  /** The events as recorded, in order. */
  add(
    events: readonly CollectiveEvent[],
    by: { readonly actor?: Actor; readonly request?: RequestRef } = {},
  ): readonly RecordedEvent[] {
    return events.map((event) => {
      const recorded: RecordedEvent = {
        envelope: {
          position: { origin: this.origin, ...this.next },
          timeMs: 1_700_000_000_000 + this.events.length,
          type: event.type,
          schemaVersion: 1,
          actor: by.actor ?? 'coordinator',
          request: by.request,
          cause: undefined,
          payloadHash: new Uint8Array(32),
        },
        event,
      };
      this.events.push(recorded);
      return recorded;
    });
  }

  /** An event of a type that this program does not know. */
  addUnknown(request?: RequestRef): readonly RecordedEvent[] {
    const [recorded] = this.add(
      [{ type: 'UploadCompleted', uploadId: uploadId('unknown') }],
      request === undefined ? {} : { request },
    );
    if (recorded === undefined) throw new Error('nothing was recorded');
    const unknown = { envelope: { ...recorded.envelope, type: 'SomethingNew' }, event: undefined };
    this.events[this.events.length - 1] = unknown;
    return [unknown];
  }

  /** The id of what the next event creates. */
  get nextId(): FileId {
    return fileIdAt(this.next);
  }
}

export const founded = (origin: MemberId = ALICE): CollectiveEvent => ({
  type: 'CollectiveFounded',
  memberId: origin,
  name: 'alice',
  identityPublicKey: new Uint8Array(44),
  caCertificate: Uint8Array.of(1),
  caEndorsement: Uint8Array.of(2),
  logPublicKey: new Uint8Array(44),
  logKeyEndorsement: Uint8Array.of(3),
});

export const openStore = (): Promise<KeyValueStore> => new SimKeyValueStores().open('/views', 'create');

export interface HostSizes {
  readonly cacheBytes?: number;
  readonly dirtyBytes?: number;
}

export const openHost = async (
  sizes: HostSizes & { readonly store?: KeyValueStore; readonly origins?: readonly [MemberId, ...MemberId[]] } = {},
): Promise<ViewHost> => {
  const { store = await openStore(), origins = [ALICE], ...rest } = sizes;
  return ViewHost.open(store, { cacheBytes: 1024 * 1024, ...rest, origins, hasher });
};

/** Counts what is asked of a store. */
export class CountingStore implements KeyValueStore {
  rounds = 0;
  rowsRead = 0;
  batches = 0;
  readonly #store: KeyValueStore;

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.rounds += 1;
    this.rowsRead += keys.length;
    return this.#store.getMany(keys);
  }

  batch(operations: readonly KeyValueOperation[], options?: { readonly sync?: boolean }): Promise<void> {
    this.batches += 1;
    return this.#store.batch(operations, options);
  }

  async *entries(range: KeyRange, signal?: AbortSignal): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    for await (const entry of this.#store.entries(range, signal)) {
      this.rowsRead += 1;
      yield entry;
    }
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/** A host, its log, and commands that are decided, recorded, and durable at once. */
export class World {
  readonly chronicle: Chronicle;
  readonly host: ViewHost;

  constructor(host: ViewHost, chronicle = new Chronicle()) {
    this.host = host;
    this.chronicle = chronicle;
  }

  static async open(sizes: HostSizes & { readonly store?: KeyValueStore } = {}): Promise<World> {
    return World.over(await openHost(sizes));
  }

  static async over(host: ViewHost): Promise<World> {
    const world = new World(host);
    await world.record(founded());
    return world;
  }

  /** As if decided. */
  async record(...events: readonly CollectiveEvent[]): Promise<readonly RecordedEvent[]> {
    const recorded = this.chronicle.add(events);
    const applied = await this.host.apply(recorded);
    if (applied.ok) return recorded;
    this.chronicle.events.length = this.host.position().sequence;
    throw new Error(`an event of the test is not valid: ${applied.error.reason}`);
  }

  /** A decision and what came of it. */
  async decide(
    decide: (views: Views, nextPosition: LogPosition) => Result<readonly CollectiveEvent[], CollectiveError>,
  ): Promise<Result<readonly RecordedEvent[], CollectiveError>> {
    const transacted = await this.host.transact({
      decide: (views, next) => {
        const decided = decide(views, next);
        if (!decided.ok) return decided;
        const drafts = decided.value.map(
          (event) => ({ event, actor: 'coordinator', request: undefined, cause: undefined }) as const,
        );
        return { ok: true, value: { drafts, value: undefined } };
      },
      record: (drafts) => this.chronicle.add(drafts.map(({ event }) => event)),
    });
    this.host.commitPending();
    return transacted.ok ? { ok: true, value: transacted.value.events } : transacted;
  }
}

/** The state hash of every view that follows from the log, after a flush. */
export async function stateHashes(host: ViewHost, origin?: MemberId): Promise<Record<string, string>> {
  await host.flush();
  const states = host.states(origin).filter(({ name }) => name !== 'requests');
  return Object.fromEntries(states.map((state) => [state.name, `${state.rows} ${state.stateHash}`]));
}

import { CollectiveError, type MemberId } from '../../base/index.js';
import type { LogPosition } from '../../events/index.js';
import type { Hasher, KeyValueStore } from '../../ports/index.js';
import type { ViewInfo } from '../rows/table.js';
import { decodeOriginState, type OriginState, type StoredView } from './origin-state.js';
import type { Describe } from './row-source.js';
import { unsealRow, viewDamaged, type StoredKeys } from './stored-row.js';

/** A stored row as it was found; `row` is undefined where it does not match its checksum. */
export interface SnapshotRow {
  /** View, table, row. */
  readonly key: string;
  /** What a state hash is made of. */
  readonly hashedKey: Uint8Array;
  readonly row: Uint8Array | undefined;
}

/** An origin's stored rows at one position, while the host goes on. Read once; `close` it in any case. */
export interface ViewSnapshot {
  readonly origin: MemberId;
  readonly position: LogPosition;
  readonly views: readonly StoredView[];
  readonly infos: readonly ViewInfo[];
  /** In the order of keys. */
  readonly rows: AsyncIterator<SnapshotRow>;
  readonly describe: Describe;
  readonly hasher: Hasher;
  close(): Promise<void>;
}

/** `entries` of the store are as of the call, and the origin's state comes first: so the rows are those of its position. */
export async function takeSnapshot(
  origin: MemberId,
  parts: {
    readonly store: KeyValueStore;
    readonly keys: StoredKeys;
    readonly infos: readonly ViewInfo[];
    readonly describe: Describe;
    readonly hasher: Hasher;
    /** What the rows stand at, where the store is not to say it. */
    readonly withoutState: OriginState | undefined;
  },
  signal: AbortSignal | undefined,
): Promise<ViewSnapshot> {
  const { store, keys, infos, describe, hasher, withoutState } = parts;
  const entries = store.entries(keys.range, signal)[Symbol.asyncIterator]();
  const close = async (): Promise<void> => {
    await entries.return?.();
  };
  let entry = await entries.next();
  let state = withoutState;
  if (state === undefined) {
    const encoded = entry.done === true || !keys.isState(entry.value[0]) ? undefined : unsealRow(...entry.value);
    if (encoded === undefined) {
      await close();
      throw entry.done === true
        ? new CollectiveError('NOT_FOUND', 'There are no stored views of this origin yet.', { details: { origin } })
        : viewDamaged(origin, 'state', 'the position it stands at');
    }
    state = decodeOriginState(encoded);
    entry = await entries.next();
  }
  async function* rows(): AsyncGenerator<SnapshotRow> {
    for (; entry.done !== true; entry = await entries.next()) {
      const [storedKey, value] = entry.value;
      yield { key: keys.keyOf(storedKey), hashedKey: keys.hashed(storedKey), row: unsealRow(storedKey, value) };
    }
  }
  const { position, views } = state;
  return { origin, position, views, infos, rows: rows(), describe, hasher, close };
}

import { CollectiveError, type MemberId } from '../../base/index.js';
import type { LogPosition } from '../../events/index.js';
import type { Hasher, KeyValueStore } from '../../ports/index.js';
import type { ViewInfo } from '../rows/table.js';
import { decodeOriginState, type StoredView } from './origin-state.js';
import type { Describe } from './row-source.js';
import { unsealRow, viewDamaged, type StoredKeys } from './stored-row.js';

/** A stored row as it was found; undefined for one that does not match its checksum. */
export type SnapshotRow = readonly [key: string, row: Uint8Array | undefined];

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
  },
  signal: AbortSignal | undefined,
): Promise<ViewSnapshot> {
  const { store, keys, infos, describe, hasher } = parts;
  const entries = store.entries(keys.range, signal)[Symbol.asyncIterator]();
  const first = await entries.next();
  const close = async (): Promise<void> => {
    await entries.return?.();
  };
  const row = first.done === true || !keys.isState(first.value[0]) ? undefined : unsealRow(first.value[0], first.value[1]);
  if (row === undefined) {
    await close();
    throw first.done === true
      ? new CollectiveError('NOT_FOUND', 'There are no stored views of this origin yet.', { details: { origin } })
      : viewDamaged(origin, 'state', 'the position it stands at');
  }
  async function* rows(): AsyncGenerator<SnapshotRow> {
    for (let next = await entries.next(); next.done !== true; next = await entries.next()) {
      const [storedKey, value] = next.value;
      yield [keys.keyOf(storedKey), unsealRow(storedKey, value)];
    }
  }
  const { position, views } = decodeOriginState(row);
  return { origin, position, views, infos, rows: rows(), describe, hasher, close };
}

import { toHex, type MemberId } from '../../base/index.js';
import type { KeyValueOperation, KeyValueStore } from '../../ports/index.js';
import type { ViewInfo } from '../rows/table.js';
import { decodeOriginState, NO_POSITION, type OriginState } from './origin-state.js';
import type { AnyTable } from './table-contracts.js';
import { unsealRow, viewDamaged, type StoredKeys } from './stored-row.js';

const DELETED_PER_BATCH = 1000;
const STATE_HASH_BYTES = 32;

/** Before the first event: no rows. */
export const emptyState = (infos: readonly ViewInfo[]): OriginState => ({
  position: NO_POSITION,
  views: infos.map(({ id, version }) => ({ id, version, rows: 0, stateHash: new Uint8Array(STATE_HASH_BYTES) })),
});

/** What an origin's stored rows stand at; or why they cannot be used, and have to be dropped. */
export async function loadState(
  store: KeyValueStore,
  keys: StoredKeys,
  infos: readonly ViewInfo[],
): Promise<{ readonly state: OriginState } | { readonly unusable: string | undefined }> {
  const [value] = await store.getMany([keys.state]);
  if (value === undefined) {
    for await (const entry of store.entries(keys.range)) {
      return { unusable: `rows without the position they stand at, such as ${toHex(entry[0])}` };
    }
    return { unusable: undefined };
  }
  const encoded = unsealRow(keys.state, value);
  if (encoded === undefined) return { unusable: 'the position they stand at is damaged' };
  const state = decodeOriginState(encoded);
  const other = infos.find(({ id, version }) => !state.views.some((view) => view.id === id && view.version === version));
  if (other === undefined && state.views.length === infos.length) return { state };
  return { unusable: `the view ${other?.name ?? 'of another program'} has rows of another version` };
}

/** Reads all rows of the resident tables. Error: VIEW_DAMAGED. */
export async function loadResident(
  origin: MemberId,
  store: KeyValueStore,
  keys: StoredKeys,
  tables: readonly AnyTable[],
): Promise<void> {
  for (const table of tables) {
    if (!table.resident) continue;
    const bounds = keys.rangeOf(table.prefix);
    for await (const [storedKey, value] of store.entries(bounds)) {
      const key = keys.keyOf(storedKey).slice(table.prefix.length);
      table.loadResident(key, unsealRow(storedKey, value) ?? fail(origin, table, key));
    }
  }
}

function fail(origin: MemberId, table: AnyTable, key: string): never {
  throw viewDamaged(origin, table.view.name, table.show(key));
}

/** Removes all of an origin; its state first, so that a crash on the way leaves rows that are seen to be unusable. */
export async function dropRows(store: KeyValueStore, keys: StoredKeys): Promise<void> {
  await store.batch([{ kind: 'delete', key: keys.state }]);
  let batch: KeyValueOperation[] = [];
  for await (const [key] of store.entries(keys.range)) {
    batch.push({ kind: 'delete', key });
    if (batch.length < DELETED_PER_BATCH) continue;
    await store.batch(batch);
    batch = [];
  }
  if (batch.length > 0) await store.batch(batch);
}

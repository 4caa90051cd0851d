import type { Hasher, KeyValueOperation } from '../../ports/index.js';
import { encodeOriginState, type OriginState, type StoredView } from './origin-state.js';
import { StateHash } from './state-hash.js';
import { sealRow, type StoredKeys } from './stored-row.js';
import type { AnyTable } from './table-contracts.js';

/** Rows encoded and hashed before the event loop gets a turn. */
const SLICE_ROWS = 500;

/** What one origin's flush writes, and what then is known. */
export interface PreparedFlush {
  readonly operations: readonly KeyValueOperation[];
  readonly written: readonly (readonly [key: string, row: Uint8Array | null])[];
  readonly state: OriginState;
}

interface RunningView {
  readonly hash: StateHash;
  rows: number;
}

/** Encodes the sealed rows of an origin, with the state that they bring it to. Changes nothing. */
export async function prepareFlush(
  tables: readonly AnyTable[],
  keys: StoredKeys,
  before: OriginState,
  parts: {
    readonly hasher: Hasher;
    readonly position: OriginState['position'];
    readonly pause: () => Promise<void>;
    /** False for rows that are not to be trusted at the next start. */
    readonly keepsState: boolean;
  },
): Promise<PreparedFlush> {
  const operations: KeyValueOperation[] = [];
  const written: (readonly [string, Uint8Array | null])[] = [];
  const running = new Map<number, RunningView>();
  for (const view of before.views) running.set(view.id, { hash: new StateHash(parts.hasher, view.stateHash), rows: view.rows });
  let slice = 0;
  for (const table of tables) {
    for (const { key, before: old, after } of table.sealedRows()) {
      const storedKey = keys.of(key);
      count(running.get(table.view.id), table, keys.hashed(storedKey), old, after);
      operations.push(
        after === null ? { kind: 'delete', key: storedKey } : { kind: 'put', key: storedKey, value: sealRow(storedKey, after) },
      );
      if (!table.resident) written.push([key, after]);
      slice += 1;
      if (slice % SLICE_ROWS === 0) await parts.pause();
    }
  }
  const views = before.views.map((view) => storedView(view, running.get(view.id)));
  const state: OriginState = { position: parts.position, views };
  operations.push(
    parts.keepsState
      ? { kind: 'put', key: keys.state, value: sealRow(keys.state, encodeOriginState(state)) }
      : { kind: 'delete', key: keys.state },
  );
  return { operations, written, state };
}

function count(
  state: RunningView | undefined,
  { view }: AnyTable,
  hashedKey: Uint8Array,
  old: Uint8Array | null,
  after: Uint8Array | null,
): void {
  if (state === undefined) return;
  state.rows += (after === null ? 0 : 1) - (old === null ? 0 : 1);
  if (!view.derived) return;
  if (old !== null) state.hash.remove(hashedKey, old);
  if (after !== null) state.hash.add(hashedKey, after);
}

const storedView = (before: StoredView, running: RunningView | undefined): StoredView =>
  running === undefined ? before : { ...before, rows: running.rows, stateHash: running.hash.bytes() };

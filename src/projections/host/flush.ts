import type { KeyValueOperation } from '../../ports/index.js';
import { encodeOriginState, type OriginState } from './origin-state.js';
import { sealRow, type StoredKeys } from './stored-row.js';
import type { AnyTable } from './table-contracts.js';

/** Rows encoded before the event loop gets a turn. */
const SLICE_ROWS = 500;

/** What one origin's flush writes, and what then is known. */
export interface PreparedFlush {
  readonly operations: readonly KeyValueOperation[];
  readonly written: readonly (readonly [key: string, row: Uint8Array | null])[];
  readonly state: OriginState;
}

/** Encodes the sealed rows of an origin, with the state that they bring it to. Changes nothing. */
export async function prepareFlush(
  tables: readonly AnyTable[],
  keys: StoredKeys,
  state: OriginState,
  parts: {
    readonly pause: () => Promise<void>;
    /** False for rows that are not to be trusted at the next start. */
    readonly keepsState: boolean;
  },
): Promise<PreparedFlush> {
  const operations: KeyValueOperation[] = [];
  const written: (readonly [string, Uint8Array | null])[] = [];
  let slice = 0;
  for (const table of tables) {
    for (const { key, after } of table.sealedRows()) {
      const storedKey = keys.of(key);
      operations.push(
        after === null ? { kind: 'delete', key: storedKey } : { kind: 'put', key: storedKey, value: sealRow(storedKey, after) },
      );
      if (!table.resident) written.push([key, after]);
      slice += 1;
      if (slice % SLICE_ROWS === 0) await parts.pause();
    }
  }
  operations.push(
    parts.keepsState
      ? { kind: 'put', key: keys.state, value: sealRow(keys.state, encodeOriginState(state)) }
      : { kind: 'delete', key: keys.state },
  );
  return { operations, written, state };
}

import type { Hasher } from '../../ports/index.js';
import type { ViewInfo } from '../rows/table.js';
import type { StoredView } from './origin-state.js';
import { StateHash } from './state-hash.js';
import type { StoredKeys } from './stored-row.js';
import type { AnyTable } from './table-contracts.js';

interface RunningView {
  readonly info: ViewInfo;
  hash: StateHash;
  rows: number;
}

/** Row counts and state hashes of an origin's views, brought up to what is durable whenever that is asked for. */
export class RunningState {
  readonly #hasher: Hasher;
  readonly #views: readonly RunningView[];
  readonly #byId: ReadonlyMap<number, RunningView>;

  constructor(hasher: Hasher, infos: readonly ViewInfo[]) {
    this.#hasher = hasher;
    this.#views = infos.map((info) => ({ info, hash: new StateHash(hasher), rows: 0 }));
    this.#byId = new Map(this.#views.map((view) => [view.info.id, view]));
  }

  /** As it was stored. */
  reset(stored: readonly StoredView[]): void {
    for (const view of this.#views) {
      const found = stored.find(({ id }) => id === view.info.id);
      view.hash = new StateHash(this.#hasher, found?.stateHash);
      view.rows = found?.rows ?? 0;
    }
  }

  /** Counts in all that changed since the last call. Synchronous: callers see to it that this is not too much. */
  fold(tables: readonly AnyTable[], keys: StoredKeys): void {
    for (const table of tables) {
      if (table.unhashed > 0) this.#foldTable(table, keys);
    }
  }

  /** Valid after `fold`. */
  views(): readonly StoredView[] {
    return this.#views.map(({ info, hash, rows }) => ({
      id: info.id,
      version: info.version,
      rows,
      stateHash: hash.bytes(),
    }));
  }

  #foldTable(table: AnyTable, keys: StoredKeys): void {
    const view = this.#byId.get(table.view.id);
    for (const { key, before, after } of table.takeUnhashed()) {
      if (view === undefined) continue;
      view.rows += (after === null ? 0 : 1) - (before === null ? 0 : 1);
      if (!view.info.derived) continue;
      const hashedKey = keys.hashed(keys.of(key));
      if (before !== null) view.hash.remove(hashedKey, before);
      if (after !== null) view.hash.add(hashedKey, after);
    }
  }
}

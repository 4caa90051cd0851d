import { assert, equalBytes, toHex } from '../../base/index.js';
import type { ViewInfo } from '../rows/table.js';
import type { StoredView } from './origin-state.js';
import type { SnapshotRow, ViewSnapshot } from './snapshot.js';
import { StateHash } from './state-hash.js';

/** How one view of two snapshots compares. */
export interface ViewComparison {
  readonly name: string;
  /** Rows in the live snapshot. */
  readonly rows: number;
  /** Hex, of the rows that were found. */
  readonly liveHash: string;
  readonly replayedHash: string;
  readonly equal: boolean;
  /** The first hundred that differ, for people: which row, and how it differs. */
  readonly differingRows: readonly string[];
}

/** How the rows of one view were found to be, beside what was stored about them. */
export interface ViewVerification {
  readonly name: string;
  readonly rows: number;
  /** Hex, of the rows that were found. */
  readonly stateHash: string;
  /** Every row has its checksum, and together they have the number and the hash that were stored with them. */
  readonly whole: boolean;
  /** The first hundred that do not match their checksum. */
  readonly damagedRows: readonly string[];
}

const ROWS_NAMED = 100;
/** Rows read before others get a turn: some milliseconds. */
const SLICE_ROWS = 500;

/**
 * Two snapshots of one origin at one position, row by row. Streams: memory does not depend on the number of rows. Views that
 * do not follow from the log alone are left out. Closes neither.
 */
export async function compareViews(live: ViewSnapshot, replayed: ViewSnapshot): Promise<readonly ViewComparison[]> {
  assert(live.position.sequence === replayed.position.sequence, 'snapshots are compared at one position');
  const ours = new Reader(live);
  const theirs = new Reader(replayed);
  const differing = new NamedRows(live);
  let left = await ours.next();
  let right = await theirs.next();
  while (left !== undefined || right !== undefined) {
    if (right === undefined || (left !== undefined && left.key < right.key)) {
      if (left !== undefined) differing.add(left.key, 'is there, and does not follow from the log');
      left = await ours.next();
    } else if (left === undefined || right.key < left.key) {
      differing.add(right.key, 'is missing');
      right = await theirs.next();
    } else {
      if (left.row === undefined) differing.add(left.key, 'does not match its checksum');
      else if (right.row === undefined || !equalBytes(left.row, right.row)) differing.add(left.key, 'has another content');
      left = await ours.next();
      right = await theirs.next();
    }
  }
  return ours.views
    .filter(({ info }) => info.derived)
    .map((view) => {
      const differingRows = differing.of(view.info);
      const liveHash = view.hash.hex();
      const replayedHash = theirs.views.find(({ info }) => info.id === view.info.id)?.hash.hex() ?? '';
      const equal = differingRows.length === 0 && liveHash === replayedHash && asStored(view);
      return { name: view.info.name, rows: view.rows, liveHash, replayedHash, equal, differingRows };
    });
}

/**
 * Reads a whole snapshot and holds it against what was stored with it: finds rows that a store lost or changed. `pause` is
 * awaited every few hundred rows, with how many were read.
 */
export async function verifyViews(
  snapshot: ViewSnapshot,
  pause: (rows: number) => Promise<void>,
): Promise<readonly ViewVerification[]> {
  const reader = new Reader(snapshot);
  const damaged = new NamedRows(snapshot);
  let rows = 0;
  for (let row = await reader.next(); row !== undefined; row = await reader.next()) {
    if (row.row === undefined) damaged.add(row.key);
    rows += 1;
    if (rows % SLICE_ROWS === 0) await pause(rows);
  }
  return reader.views.map((view) => {
    const damagedRows = damaged.of(view.info);
    const whole = damagedRows.length === 0 && asStored(view);
    return { name: view.info.name, rows: view.rows, stateHash: view.hash.hex(), whole, damagedRows };
  });
}

interface ViewSoFar {
  readonly info: ViewInfo;
  readonly stored: StoredView | undefined;
  readonly hash: StateHash;
  rows: number;
}

const asStored = ({ info, stored, hash, rows }: ViewSoFar): boolean =>
  stored !== undefined && rows === stored.rows && (!info.derived || hash.hex() === toHex(stored.stateHash));

/** Hashes and counts what it reads. */
class Reader {
  readonly views: readonly ViewSoFar[];
  readonly #rows: AsyncIterator<SnapshotRow>;
  readonly #byId: ReadonlyMap<number, ViewSoFar>;

  constructor(snapshot: ViewSnapshot) {
    this.#rows = snapshot.rows;
    this.views = snapshot.infos.map((info) => {
      const stored = snapshot.views.find(({ id }) => id === info.id);
      return { info, stored, hash: new StateHash(snapshot.hasher), rows: 0 };
    });
    this.#byId = new Map(this.views.map((view) => [view.info.id, view]));
  }

  /** Undefined after the last. */
  async next(): Promise<SnapshotRow | undefined> {
    for (;;) {
      const result = await this.#rows.next();
      if (result.done === true) return undefined;
      const { key, hashedKey, row } = result.value;
      const view = this.#byId.get(key.charCodeAt(0));
      if (view === undefined) continue;
      view.rows += 1;
      if (!view.info.derived && row !== undefined) continue;
      if (row !== undefined) view.hash.add(hashedKey, row);
      return result.value;
    }
  }
}

class NamedRows {
  readonly #snapshot: ViewSnapshot;
  readonly #rows = new Map<number, string[]>();

  constructor(snapshot: ViewSnapshot) {
    this.#snapshot = snapshot;
  }

  add(key: string, how?: string): void {
    const view = key.charCodeAt(0);
    const rows = this.#rows.get(view) ?? [];
    this.#rows.set(view, rows);
    if (rows.length >= ROWS_NAMED) return;
    const { row } = this.#snapshot.describe(key);
    rows.push(how === undefined ? row : `${row} ${how}`);
  }

  of(info: ViewInfo): readonly string[] {
    return this.#rows.get(info.id) ?? [];
  }
}

import type { MemberId } from '../../base/index.js';
import { bytes, record, text, unsigned } from '../rows/fields.js';
import { numberPart, shortTextPart, triple } from '../rows/keys.js';
import type { Bind, Page, TableDefinition, ViewInfo } from '../rows/table.js';
import type { View } from './view.js';

/** That somebody's log has two blocks for one place. */
export interface ForkRow {
  /** Header hashes of the block that is held, and of the other. */
  readonly heldHash: Uint8Array;
  readonly otherHash: Uint8Array;
  /** Who brought the proof. Empty: found by ourselves. */
  readonly toldBy: MemberId | '';
  readonly detectedMs: number;
}

export type ForkKey = readonly [origin: MemberId, epoch: number, sequence: number];

export interface ForksReader {
  /** The first that was recorded of that place. */
  get(origin: MemberId, epoch: number, sequence: number): ForkRow | undefined;
  /** By place. */
  of(origin: MemberId, limit: number): Page<ForkKey, ForkRow>;
  /** By origin and place. */
  all(limit: number): Page<ForkKey, ForkRow>;
}

const INFO: ViewInfo = { name: 'forks', id: 18, version: 1, derived: true };
const ORIGIN_PART = shortTextPart<MemberId>();

const FORKS: TableDefinition<ForkKey, ForkRow> = {
  view: INFO,
  name: 'forks',
  id: 1,
  key: triple(ORIGIN_PART, numberPart, numberPart),
  row: record<ForkRow>({ heldHash: bytes, otherHash: bytes, toldBy: text<MemberId | ''>(), detectedMs: unsigned }),
};

export function forksView(bind: Bind): View<ForksReader> {
  const forks = bind(FORKS);
  return {
    info: INFO,
    read: {
      get: (origin, epoch, sequence) => forks.get([origin, epoch, sequence]),
      of: (origin, limit) => forks.page({ prefix: ORIGIN_PART.encode(origin), limit }),
      all: (limit) => forks.page({ prefix: '', limit }),
    },
    apply(event, { timeMs }) {
      if (event.type !== 'LogForkDetected') return;
      const { origin, epoch, sequence, heldHash, otherHash, toldBy } = event;
      const key: ForkKey = [origin, epoch, sequence];
      if (forks.get(key) === undefined) forks.put(key, { heldHash, otherHash, toldBy, detectedMs: timeMs });
    },
  };
}

import { assert, type NodeId } from '../../base/index.js';
import { record, unsigned } from '../rows/fields.js';
import { only, shortTextPart, single } from '../rows/keys.js';
import type { Bind, TableDefinition, ViewInfo } from '../rows/table.js';
import { addCounts, negativeCount, type Counts } from './counts.js';

/** What a node keeps for this member, by the log. */
export interface NodeUsageRow {
  readonly chunks: number;
  readonly bytes: number;
  /** Copies that were found damaged or missing there and are not made good. */
  readonly lostCopies: number;
}

export interface TotalsRow {
  /** Distinct chunks of which a copy was ever recorded, or that a version wants. */
  readonly chunks: number;
  readonly chunkBytes: number;
  readonly copies: number;
  readonly copyBytes: number;
  /** Chunks with fewer copies than the uploads that named them wanted. */
  readonly underProtectedChunks: number;
  readonly lostCopies: number;
}

export interface UsageReader {
  node(id: NodeId): NodeUsageRow;
  totals(): TotalsRow;
}

const INFO: ViewInfo = { name: 'usage', id: 10, version: 1, derived: true };

const NODES: TableDefinition<NodeId, NodeUsageRow> = {
  view: INFO,
  name: 'nodes',
  id: 1,
  key: single(shortTextPart<NodeId>()),
  resident: true,
  row: record<NodeUsageRow>({ chunks: unsigned, bytes: unsigned, lostCopies: unsigned }),
};

const TOTALS: TableDefinition<'only', TotalsRow> = {
  view: INFO,
  name: 'totals',
  id: 2,
  key: only,
  resident: true,
  row: record<TotalsRow>({
    chunks: unsigned,
    chunkBytes: unsigned,
    copies: unsigned,
    copyBytes: unsigned,
    underProtectedChunks: unsigned,
    lostCopies: unsigned,
  }),
};

const NO_TOTALS: TotalsRow = { chunks: 0, chunkBytes: 0, copies: 0, copyBytes: 0, underProtectedChunks: 0, lostCopies: 0 };
const NO_USAGE: NodeUsageRow = { chunks: 0, bytes: 0, lostCopies: 0 };

/** What counts of one chunk's row. */
export interface CountedChunk {
  readonly lengthBytes: number;
  readonly wantedCopies: number;
  readonly holders: readonly NodeId[];
  readonly lost: readonly NodeId[];
}

/** Collects what one event changes, and writes it once. */
export interface UsageTally {
  changed(before: CountedChunk | undefined, after: CountedChunk): void;
  write(): void;
}

export interface Usage {
  readonly info: ViewInfo;
  readonly read: UsageReader;
  /** Written by the view that knows what changed: this one applies no events itself. */
  tally(): UsageTally;
}

export function usageView(bind: Bind): Usage {
  const nodes = bind(NODES);
  const totals = bind(TOTALS);
  return {
    info: INFO,
    read: { node: (id) => nodes.get(id) ?? NO_USAGE, totals: () => totals.get('only') ?? NO_TOTALS },
    tally() {
      let sum = NO_TOTALS;
      const perNode = new Map<NodeId, NodeUsageRow>();
      const count = (chunk: CountedChunk, sign: 1 | -1): void => {
        sum = addCounts(sum, totalsOf(chunk), sign);
        for (const id of chunk.holders) {
          perNode.set(id, addCounts(perNode.get(id) ?? NO_USAGE, { chunks: 1, bytes: chunk.lengthBytes, lostCopies: 0 }, sign));
        }
        for (const id of chunk.lost) {
          perNode.set(id, addCounts(perNode.get(id) ?? NO_USAGE, { chunks: 0, bytes: 0, lostCopies: 1 }, sign));
        }
      };
      return {
        changed(before, after) {
          if (before !== undefined) count(before, -1);
          count(after, 1);
        },
        write() {
          totals.put('only', positive(addCounts(totals.get('only') ?? NO_TOTALS, sum, 1)));
          for (const [id, delta] of perNode) nodes.put(id, positive(addCounts(nodes.get(id) ?? NO_USAGE, delta, 1)));
        },
      };
    },
  };
}

const totalsOf = (chunk: CountedChunk): TotalsRow => ({
  chunks: 1,
  chunkBytes: chunk.lengthBytes,
  copies: chunk.holders.length,
  copyBytes: chunk.holders.length * chunk.lengthBytes,
  underProtectedChunks: chunk.holders.length < chunk.wantedCopies ? 1 : 0,
  lostCopies: chunk.lost.length,
});

function positive<Row extends Counts<Row>>(row: Row): Row {
  assert(negativeCount(row) === undefined, 'a count of usage fell below zero');
  return row;
}

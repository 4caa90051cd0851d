import { assert, type NodeId } from '../../base/index.js';
import { record, unsigned } from '../rows/fields.js';
import { only, shortTextPart, single } from '../rows/keys.js';
import type { Bind, TableDefinition, ViewInfo } from '../rows/table.js';

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
      const sum = { ...NO_TOTALS };
      const perNode = new Map<NodeId, Mutable<NodeUsageRow>>();
      const at = (id: NodeId): Mutable<NodeUsageRow> => {
        const known = perNode.get(id);
        if (known !== undefined) return known;
        const fresh = { ...NO_USAGE };
        perNode.set(id, fresh);
        return fresh;
      };
      const count = (chunk: CountedChunk, sign: 1 | -1): void => {
        countTotals(sum, chunk, sign);
        for (const id of chunk.holders) {
          const node = at(id);
          node.chunks += sign;
          node.bytes += sign * chunk.lengthBytes;
        }
        for (const id of chunk.lost) at(id).lostCopies += sign;
      };
      return {
        changed(before, after) {
          if (before !== undefined) count(before, -1);
          count(after, 1);
        },
        write() {
          if (changes(sum)) totals.put('only', sumOf(totals.get('only') ?? NO_TOTALS, sum));
          for (const [id, delta] of perNode) if (changes(delta)) nodes.put(id, sumOf(nodes.get(id) ?? NO_USAGE, delta));
        },
      };
    },
  };
}

type Mutable<Row> = { -readonly [Name in keyof Row]: Row[Name] };
type Counts<Row> = { readonly [Name in keyof Row]: number };

function countTotals(totals: Mutable<TotalsRow>, chunk: CountedChunk, sign: 1 | -1): void {
  totals.chunks += sign;
  totals.chunkBytes += sign * chunk.lengthBytes;
  totals.copies += sign * chunk.holders.length;
  totals.copyBytes += sign * chunk.holders.length * chunk.lengthBytes;
  if (chunk.holders.length < chunk.wantedCopies) totals.underProtectedChunks += sign;
  totals.lostCopies += sign * chunk.lost.length;
}

const changes = <Row extends Counts<Row>>(row: Row): boolean => namesOf(row).some((name) => row[name] !== 0);

function sumOf<Row extends Counts<Row>>(row: Row, delta: Row): Row {
  const sum: { -readonly [Name in keyof Row]: Row[Name] | number } = { ...row };
  for (const name of namesOf(row)) {
    const count = row[name] + delta[name];
    assert(count >= 0, 'a count of usage fell below zero');
    sum[name] = count;
  }
  return sum as Row;
}

const namesOf = <Row extends object>(row: Row): (keyof Row)[] => Object.keys(row) as (keyof Row)[];

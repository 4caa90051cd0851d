import type { MemberId, NodeId } from '../../base/index.js';
import { record, unsigned } from '../rows/fields.js';
import { only, shortTextPart, single } from '../rows/keys.js';
import type { Bind, TableDefinition, ViewInfo } from '../rows/table.js';
import { Tally } from './tally.js';

/** What a node or another member keeps for this member, by the log. */
export interface HolderUsageRow {
  readonly chunks: number;
  readonly bytes: number;
  /** Copies that were found damaged or missing there and are not made good. */
  readonly lostCopies: number;
  /** Copies that do not count any more since the holder was revoked, removed or is gone for good, and are not made good. */
  readonly forfeitedCopies: number;
}

export interface TotalsRow {
  /** Distinct chunks of which a copy was ever recorded, or that a version wants. */
  readonly chunks: number;
  readonly chunkBytes: number;
  /** With nodes and other members. */
  readonly copies: number;
  readonly copyBytes: number;
  /** Of these, with other members. */
  readonly memberCopies: number;
  readonly memberCopyBytes: number;
  /** Chunks with fewer copies than the uploads that named them wanted. */
  readonly underProtectedChunks: number;
  readonly lostCopies: number;
  readonly forfeitedCopies: number;
}

export interface UsageReader {
  node(id: NodeId): HolderUsageRow;
  member(id: MemberId): HolderUsageRow;
  totals(): TotalsRow;
}

const INFO: ViewInfo = { name: 'usage', id: 10, version: 2, derived: true };

const HOLDER = record<HolderUsageRow>({ chunks: unsigned, bytes: unsigned, lostCopies: unsigned, forfeitedCopies: unsigned });

const NODES: TableDefinition<NodeId, HolderUsageRow> = {
  view: INFO,
  name: 'nodes',
  id: 1,
  key: single(shortTextPart<NodeId>()),
  resident: true,
  row: HOLDER,
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
    memberCopies: unsigned,
    memberCopyBytes: unsigned,
    underProtectedChunks: unsigned,
    lostCopies: unsigned,
    forfeitedCopies: unsigned,
  }),
};

const MEMBERS: TableDefinition<MemberId, HolderUsageRow> = {
  view: INFO,
  name: 'members',
  id: 3,
  key: single(shortTextPart<MemberId>()),
  resident: true,
  row: HOLDER,
};

const NO_TOTALS: TotalsRow = {
  chunks: 0,
  chunkBytes: 0,
  copies: 0,
  copyBytes: 0,
  memberCopies: 0,
  memberCopyBytes: 0,
  underProtectedChunks: 0,
  lostCopies: 0,
  forfeitedCopies: 0,
};
const NO_USAGE: HolderUsageRow = { chunks: 0, bytes: 0, lostCopies: 0, forfeitedCopies: 0 };

/** What counts of one chunk's row. */
export interface CountedChunk {
  readonly lengthBytes: number;
  readonly wantedCopies: number;
  readonly holders: readonly NodeId[];
  readonly members: readonly MemberId[];
  readonly lost: readonly NodeId[];
  readonly lostMembers: readonly MemberId[];
  readonly forfeited: readonly NodeId[];
  readonly forfeitedMembers: readonly MemberId[];
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
  const members = bind(MEMBERS);
  return {
    info: INFO,
    read: {
      node: (id) => nodes.get(id) ?? NO_USAGE,
      member: (id) => members.get(id) ?? NO_USAGE,
      totals: () => totals.get('only') ?? NO_TOTALS,
    },
    tally() {
      const sum = new Tally(totals, NO_TOTALS);
      const perNode = new Tally(nodes, NO_USAGE);
      const perMember = new Tally(members, NO_USAGE);
      const count = (chunk: CountedChunk, sign: 1 | -1): void => {
        countTotals(sum.at('only'), chunk, sign);
        const { holders, lost, forfeited, lengthBytes } = chunk;
        countHolders(perNode, { lengthBytes, holders, lost, forfeited }, sign);
        const { members: holding, lostMembers, forfeitedMembers } = chunk;
        countHolders(perMember, { lengthBytes, holders: holding, lost: lostMembers, forfeited: forfeitedMembers }, sign);
      };
      return {
        changed(before, after) {
          if (before !== undefined) count(before, -1);
          count(after, 1);
        },
        write() {
          for (const tally of [sum, perNode, perMember]) tally.write();
        },
      };
    },
  };
}

function countHolders<Id>(
  tally: Tally<Id, HolderUsageRow>,
  chunk: {
    readonly lengthBytes: number;
    readonly holders: readonly Id[];
    readonly lost: readonly Id[];
    readonly forfeited: readonly Id[];
  },
  sign: 1 | -1,
): void {
  for (const id of chunk.holders) {
    const holder = tally.at(id);
    holder.chunks += sign;
    holder.bytes += sign * chunk.lengthBytes;
  }
  for (const id of chunk.lost) tally.at(id).lostCopies += sign;
  for (const id of chunk.forfeited) tally.at(id).forfeitedCopies += sign;
}

function countTotals(totals: { -readonly [Name in keyof TotalsRow]: number }, chunk: CountedChunk, sign: 1 | -1): void {
  const copies = chunk.holders.length + chunk.members.length;
  totals.chunks += sign;
  totals.chunkBytes += sign * chunk.lengthBytes;
  totals.copies += sign * copies;
  totals.copyBytes += sign * copies * chunk.lengthBytes;
  totals.memberCopies += sign * chunk.members.length;
  totals.memberCopyBytes += sign * chunk.members.length * chunk.lengthBytes;
  if (copies < chunk.wantedCopies) totals.underProtectedChunks += sign;
  totals.lostCopies += sign * (chunk.lost.length + chunk.lostMembers.length);
  totals.forfeitedCopies += sign * (chunk.forfeited.length + chunk.forfeitedMembers.length);
}

import { formatSize } from '../../base/index.js';
import type { PledgeInfo } from '../../client/index.js';
import { formatTable } from './table.js';

export interface PledgeJson {
  readonly member: { readonly id: string; readonly name: string };
  readonly pledgedBytes: number;
  readonly usedBytes: number;
  readonly usedChunks: number;
  /** admitted, suspended, removed, away, not-admitted (it does not let this one in) */
  readonly state: string;
}

export const pledgeJson = ({ memberId, name, pledgedBytes, usedBytes, usedChunks, state }: PledgeInfo): PledgeJson => ({
  member: { id: memberId, name },
  pledgedBytes,
  usedBytes,
  usedChunks,
  state,
});

export function pledgeTable(pledges: readonly PledgeJson[]): string {
  return formatTable(
    [
      { title: 'MEMBER' },
      { title: 'PLEDGED', align: 'right' },
      { title: 'USED', align: 'right' },
      { title: 'LEFT', align: 'right' },
      { title: 'STATE' },
    ],
    pledges.map(({ member, pledgedBytes, usedBytes, state }) => [
      member.name,
      formatSize(pledgedBytes),
      formatSize(usedBytes),
      formatSize(Math.max(0, pledgedBytes - usedBytes)),
      state,
    ]),
  );
}

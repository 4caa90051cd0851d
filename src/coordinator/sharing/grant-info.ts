import { formatRemotePath, type GrantId, type MemberId } from '../../base/index.js';
import { formerPath, hasEnded, type Names } from '../../domain/index.js';
import type { GrantRow, Views } from '../../projections/index.js';
import type { GrantInfo } from '../../transport/index.js';

/** A grant as people see it, by the log of whoever gave it. */
export function grantInfo(grantId: GrantId, row: GrantRow, views: Views, nowMs: number): GrantInfo {
  const names = views.namespace.pathOf(row.directoryId);
  const former = names === undefined ? formerPath(row.directoryId, views.namespace) : undefined;
  return {
    grantId,
    memberId: row.memberId,
    memberName: views.peers.get(row.memberId)?.name ?? row.memberId.slice(0, 8),
    path: names === undefined ? '' : formatRemotePath({ member: undefined, names }),
    directoryId: row.directoryId,
    rights: [...row.rights],
    givenMs: row.givenMs,
    untilMs: row.untilMs,
    ...(former === undefined ? {} : { formerPath: formatRemotePath({ member: undefined, names: former }) }),
    state: stateOf(row.memberId, { row, names }, views, nowMs),
  };
}

function stateOf(
  memberId: MemberId,
  { row, names }: { readonly row: GrantRow; readonly names: Names | undefined },
  { peers }: Views,
  nowMs: number,
): string {
  if (hasEnded(row, nowMs)) return 'expired';
  if (names === undefined) return 'folder-removed';
  const state = peers.get(memberId)?.state;
  if (state === 'admitted') return 'holds';
  return state === 'suspended' ? 'member-suspended' : 'member-removed';
}

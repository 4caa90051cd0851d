import { CollectiveError, fail, type FileId, type GrantId, LIMITS, type MemberId, ok } from '../base/index.js';
import type { GrantRight } from '../events/index.js';
import type { GrantRow } from '../projections/index.js';
import type { Decision, DecisionContext } from './decision.js';
import { type GrantViews, hasEnded } from './grant-scope.js';
import { findDirectory, type Names, showPath } from './namespace/lookup.js';

const RIGHTS: readonly GrantRight[] = ['read', 'write'];

export interface GiveGrant {
  readonly names: Names;
  readonly memberId: MemberId;
  readonly rights: readonly GrantRight[];
  /** 0: no end. */
  readonly lifeMs: number;
}

/** A member may read or change a folder from now on. Errors: those of the path, PERMISSION_DENIED, REQUEST_INVALID, ALREADY_EXISTS. */
export function decideGiveGrant(giving: GiveGrant, views: GrantViews, context: Pick<DecisionContext, 'nowMs'>): Decision {
  const { names, memberId, lifeMs } = giving;
  const rights = RIGHTS.filter((right) => giving.rights.includes(right));
  if (rights.length === 0) {
    return fail(
      new CollectiveError('REQUEST_INVALID', 'A grant is to read, to write, or both.', {
        next: 'Name them: --rights read,write',
      }),
    );
  }
  if (!Number.isSafeInteger(lifeMs) || lifeMs < 0 || lifeMs > LIMITS.grantLifeMs) {
    return fail(
      new CollectiveError('REQUEST_INVALID', 'That is no time for which a grant can hold.', { next: 'Such as: --until 30d' }),
    );
  }
  const found = findDirectory(names, views.namespace);
  if (!found.ok) return found;
  const peer = views.peers.get(memberId);
  if (peer === undefined || peer.state !== 'admitted') {
    const name = peer?.name ?? memberId.slice(0, 8);
    const why = peer === undefined ? 'is not known here' : `is ${peer.state}`;
    return fail(
      new CollectiveError('PERMISSION_DENIED', `Member ${name} ${why}: nothing can be granted to it.`, {
        next: 'See who is admitted: collective member list',
      }),
    );
  }
  const { fileId } = found.value;
  const untilMs = lifeMs === 0 ? 0 : context.nowMs + lifeMs;
  const earlier = views.grants.ofMember(memberId).find(([, row]) => includes(row, { fileId, rights, untilMs }, context.nowMs));
  if (earlier !== undefined) {
    const [grantId] = earlier;
    return fail(
      new CollectiveError('ALREADY_EXISTS', `${peer.name} has that already at ${showPath(names)}, by grant ${grantId}.`, {
        next: 'See all: collective grant list',
        details: { grantId },
      }),
    );
  }
  if (views.grants.all().length >= LIMITS.grants) {
    return fail(
      new CollectiveError('LIMIT_EXCEEDED', `There are ${LIMITS.grants} grants already.`, {
        next: 'Remove those that have ended: collective grant list --all',
      }),
    );
  }
  return ok([{ type: 'GrantGiven', directoryId: fileId, memberId, rights, untilMs }]);
}

function includes(
  row: GrantRow,
  asked: { readonly fileId: FileId; readonly rights: readonly GrantRight[]; readonly untilMs: number },
  nowMs: number,
): boolean {
  if (row.directoryId !== asked.fileId || hasEnded(row, nowMs)) return false;
  const lasts = row.untilMs === 0 || (asked.untilMs !== 0 && row.untilMs >= asked.untilMs);
  return lasts && asked.rights.every((right) => row.rights.includes(right));
}

/** Error: NOT_FOUND. */
export function decideWithdrawGrant(grantId: GrantId, { grants }: Pick<GrantViews, 'grants'>): Decision {
  if (grants.get(grantId) !== undefined) return ok([{ type: 'GrantWithdrawn', grantId }]);
  return fail(new CollectiveError('NOT_FOUND', `There is no grant ${grantId}.`, { next: 'See all: collective grant list' }));
}

import { CollectiveError, fail, type GrantId, LIMITS, type MemberId, ok } from '../base/index.js';
import type { GrantRight, GrantWithdrawn } from '../events/index.js';
import type { GrantRow } from '../projections/index.js';
import type { Decision, DecisionContext } from './decision.js';
import { type GrantViews, hasEnded } from './grant-scope.js';
import { findDirectory, type Names, showPath } from './namespace/lookup.js';

/** Of one member in one folder there are more only where they were given by an earlier version. */
const REPLACED_MAX = 64;
const RIGHTS: readonly GrantRight[] = ['read', 'write'];

export interface GiveGrant {
  readonly names: Names;
  readonly memberId: MemberId;
  readonly rights: readonly GrantRight[];
  /** 0: no end. */
  readonly lifeMs: number;
}

/**
 * A member may read or change a folder from now on. Grants to it in the same folder that the new one includes are withdrawn with
 * it, so that the same one given again for longer is one grant, not two. Errors: those of the path, PERMISSION_DENIED, REQUEST_INVALID,
 * ALREADY_EXISTS where such a one stands, LIMIT_EXCEEDED.
 */
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
  const asked: Terms = { rights, untilMs };
  const standing = views.grants
    .ofMember(memberId)
    .filter(([, row]) => row.directoryId === fileId && !hasEnded(row, context.nowMs));
  const enough = standing.find(([, row]) => includes(row, asked));
  if (enough !== undefined) return fail(givenAlready(peer.name, names, enough));
  const replaced = standing.filter(([, row]) => includes(asked, row)).slice(0, REPLACED_MAX);
  if (views.grants.all().length - replaced.length >= LIMITS.grants) {
    return fail(
      new CollectiveError('LIMIT_EXCEEDED', `There are ${LIMITS.grants} grants already.`, {
        next: 'Remove those that have ended: collective grant list --all',
      }),
    );
  }
  const withdrawn = replaced.map(([grantId]): GrantWithdrawn => ({ type: 'GrantWithdrawn', grantId }));
  return ok([{ type: 'GrantGiven', directoryId: fileId, memberId, rights, untilMs }, ...withdrawn]);
}

type Terms = Pick<GrantRow, 'rights' | 'untilMs'>;

/** Every right of the other, for at least as long. */
function includes(one: Terms, other: Terms): boolean {
  const lasts = one.untilMs === 0 || (other.untilMs !== 0 && one.untilMs >= other.untilMs);
  return lasts && other.rights.every((right) => one.rights.includes(right));
}

function givenAlready(name: string, names: Names, [grantId]: readonly [GrantId, GrantRow]): CollectiveError {
  return new CollectiveError('ALREADY_EXISTS', `${name} has that already at ${showPath(names)}, by grant ${grantId}.`, {
    next: `See until when: collective grant list ${showPath(names)}; for less than it gives, take it back first: collective grant remove ${grantId}`,
    details: { grantId },
  });
}

/** Error: NOT_FOUND. */
export function decideWithdrawGrant(grantId: GrantId, { grants }: Pick<GrantViews, 'grants'>): Decision {
  if (grants.get(grantId) !== undefined) return ok([{ type: 'GrantWithdrawn', grantId }]);
  return fail(new CollectiveError('NOT_FOUND', `There is no grant ${grantId}.`, { next: 'See all: collective grant list' }));
}

import type { MemberId } from '../../base/index.js';
import { aboveRoom, belowUse, type MemberReach, type MemberRoom, type PledgeShortfall } from '../../domain/index.js';
import type { SharedUsage } from '../../transport/index.js';
import type { PeerTrust } from '../members/peer-trust.js';
import { type PledgeSources, pledgeToUs } from './pledges-to-us.js';

export interface SharedSpaceOptions extends PledgeSources {
  readonly trust: Pick<PeerTrust, 'all'>;
  readonly reachOf: (memberId: MemberId) => MemberReach;
  /** On all own nodes that are here. */
  readonly freeBytes: () => Promise<number>;
}

/** How much lies with other members and with this one for them, and for how much there is room. */
export class SharedSpace {
  readonly #options: SharedSpaceOptions;

  constructor(options: SharedSpaceOptions) {
    this.#options = options;
  }

  /** All that are admitted, also those without a pledge. */
  members(): Promise<readonly MemberRoom[]> {
    const { trust, reachOf } = this.#options;
    return Promise.all(
      trust.all().map(async ({ memberId, name }) => {
        const { pledgedBytes, usedBytes } = await pledgeToUs(this.#options, memberId);
        return { name, pledgedBytes, leftBytes: pledgedBytes - usedBytes, reach: reachOf(memberId) };
      }),
    );
  }

  async usage(members: readonly MemberRoom[]): Promise<SharedUsage> {
    const pledgedToUsBytes = sum(members.map(({ pledgedBytes }) => pledgedBytes));
    return this.#options.views.run(({ usage, foreignCopies, pledges, peers }) => {
      const { memberCopies, memberCopyBytes } = usage.totals();
      const kept = foreignCopies.allTotals().map(([, totals]) => totals);
      const given = pledges.all().filter(([memberId]) => peers.get(memberId)?.state === 'admitted');
      return {
        memberCopies,
        memberBytes: memberCopyBytes,
        pledgedToUsBytes,
        keptCopies: sum(kept.map(({ chunks }) => chunks)),
        keptBytes: sum(kept.map(({ bytes }) => bytes)),
        pledgedByUsBytes: sum(given.map(([, { bytes }]) => bytes)),
      };
    });
  }

  /** What is amiss with the pledges to others; with a member, also what is with the one to it. */
  async shortfalls(memberId?: MemberId): Promise<readonly PledgeShortfall[]> {
    const { views, freeBytes } = this.#options;
    const given = await views.run(({ pledges, foreignCopies, peers }) =>
      pledges.all().flatMap(([id, { bytes }]) => {
        const row = peers.get(id);
        const usedBytes = foreignCopies.totals(id).bytes;
        return [{ id, name: row?.name ?? id, admitted: row?.state === 'admitted', pledgedBytes: bytes, usedBytes }];
      }),
    );
    const open = given
      .filter(({ admitted }) => admitted)
      .map(({ pledgedBytes, usedBytes }) => Math.max(0, pledgedBytes - usedBytes));
    const above = sum(open) === 0 ? undefined : aboveRoom(sum(open), await freeBytes());
    const own = given.find(({ id }) => id === memberId);
    const below = own === undefined ? undefined : belowUse(own);
    return [below, above].filter((each) => each !== undefined);
  }
}

/** Others may claim what they like; it has to stay a number that can be sent. */
const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, each) => Math.min(total + each, Number.MAX_SAFE_INTEGER), 0);

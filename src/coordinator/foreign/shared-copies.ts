import type { MemberId } from '../../base/index.js';
import type { MemberReach } from '../../domain/index.js';
import type { MemberDamage } from './member-damage.js';
import type { MemberReceipts } from './member-receipts.js';
import type { MemberSources } from './member-sources.js';
import type { ReaderSources } from './reader-sources.js';
import type { SharedPlacement } from './shared-placement.js';

/** What the calls of the own tree need of copies with other members. */
export interface SharedCopies {
  readonly placement: SharedPlacement;
  readonly receipts: MemberReceipts;
  readonly sources: MemberSources;
  /** Copies of a third member's files, which own clients may read. */
  readonly readers: ReaderSources;
  readonly damage: MemberDamage;
  /** Whether its copies could be had now, as far as is known. */
  reachOf(memberId: MemberId): MemberReach;
  /** They cannot, and could not for longer than anybody waits for a chunk. */
  isLongGone(memberId: MemberId): boolean;
  /** What people here call another member. */
  nameOf(memberId: MemberId): string;
}

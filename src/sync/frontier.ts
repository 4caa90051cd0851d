import { equalBytes, type MemberId } from '../base/index.js';
import type { Head } from '../events/index.js';

/** How a log that somebody else holds stands to what is held here. */
export type Standing =
  /** The same event is the last one. */
  | { readonly kind: 'level' }
  /** It goes further: there are events to ask for. */
  | { readonly kind: 'ahead'; readonly events: number }
  /** It ends earlier. */
  | { readonly kind: 'behind'; readonly events: number }
  /** It has another block at the same place and in the same epoch. */
  | { readonly kind: 'forked' }
  /** It has started a later epoch, perhaps before an event that is held here. */
  | { readonly kind: 'later-epoch' }
  /** It has not heard of the epoch that is held here. */
  | { readonly kind: 'earlier-epoch' };

/** Compares two heads of one log; a head of sequence 0 is that of an empty one. Whether they share their past is not known. */
export function standingOf(theirs: Head, ours: Head): Standing {
  if (theirs.sequence === 0 || ours.sequence === 0) return bySequence(theirs.sequence, ours.sequence);
  if (theirs.epoch > ours.epoch) return { kind: 'later-epoch' };
  if (theirs.epoch < ours.epoch) return { kind: 'earlier-epoch' };
  if (theirs.sequence !== ours.sequence) return bySequence(theirs.sequence, ours.sequence);
  return equalBytes(theirs.headerHash, ours.headerHash) ? { kind: 'level' } : { kind: 'forked' };
}

function bySequence(theirs: number, ours: number): Standing {
  if (theirs === ours) return { kind: 'level' };
  return theirs > ours ? { kind: 'ahead', events: theirs - ours } : { kind: 'behind', events: ours - theirs };
}

/** Whether a head says more than another of the same log. */
export const isNewer = (head: Pick<Head, 'epoch' | 'sequence'>, than: Pick<Head, 'epoch' | 'sequence'>): boolean =>
  head.epoch === than.epoch ? head.sequence > than.sequence : head.epoch > than.epoch;

/** The heads that were never told, or have changed since. */
export function changedHeads(heads: readonly Head[], told: ReadonlyMap<MemberId, Head>): readonly Head[] {
  return heads.filter((head) => {
    const before = told.get(head.origin);
    return before === undefined || !equalBytes(before.headerHash, head.headerHash) || before.epoch !== head.epoch;
  });
}

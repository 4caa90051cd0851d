import type { MemberId } from '../base/index.js';
import type { Head } from '../events/index.js';
import { standingOf } from './frontier.js';

/** Somebody who says that it holds a log up to some event. */
export interface Source {
  readonly memberId: MemberId;
  readonly head: Head;
  /** Undefined: not measured yet. */
  readonly roundTripMs: number | undefined;
}

/** A range of events (inclusive) to ask somebody for. */
export interface Pull {
  readonly memberId: MemberId;
  readonly fromSequence: number;
  /** Undefined: as far as that one has it. */
  readonly toSequence: number | undefined;
}

export interface PullRules {
  /** Events of one range where two are asked. */
  readonly rangeEvents: number;
}

/** What to do next to bring a log up to what others hold. */
export type NextStep =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'pull'; readonly pulls: readonly Pull[] }
  /** A later epoch goes on somewhere else than this copy does. */
  | { readonly kind: 'follow-epoch'; readonly memberId: MemberId }
  /** Somebody holds another block at the same place: find where both part, for a proof. */
  | { readonly kind: 'compare'; readonly memberId: MemberId };

/** `forked`: the copy holds proof of a fork, so that nothing but a later epoch is taken. */
export function nextStep(ours: Head, forked: boolean, sources: readonly Source[], rules: PullRules): NextStep {
  const later = sources
    .filter(({ head }) => standingOf(head, ours).kind === 'later-epoch')
    .toSorted((left, right) => compare(left, right))[0];
  if (later !== undefined && (forked || later.head.sequence <= ours.sequence)) {
    return { kind: 'follow-epoch', memberId: later.memberId };
  }
  if (forked) return { kind: 'nothing' };
  const pulls = planPulls(ours, sources, rules);
  if (pulls.length > 0) return { kind: 'pull', pulls };
  const other = sources.find(({ head }) => standingOf(head, ours).kind === 'forked');
  return other === undefined ? { kind: 'nothing' } : { kind: 'compare', memberId: other.memberId };
}

/**
 * What to ask whom for, to bring a log up to what others say they hold: the owner first, then whoever is nearest; of at most two,
 * and of two only where each has a whole range to give. Empty where nobody has more.
 */
export function planPulls(ours: Head, sources: readonly Source[], rules: PullRules): readonly Pull[] {
  const useful = sources.filter(({ head }) => isUseful(head, ours)).toSorted((left, right) => compare(left, right));
  const [first] = useful;
  if (first === undefined) return [];
  const fromSequence = ours.sequence + 1;
  const middle = ours.sequence + rules.rangeEvents;
  const second = useful.find((each) => each !== first && each.head.sequence > middle);
  if (second === undefined || first.head.sequence < middle || first.head.epoch !== second.head.epoch) {
    return [{ memberId: first.memberId, fromSequence, toSequence: undefined }];
  }
  return [
    { memberId: first.memberId, fromSequence, toSequence: middle },
    { memberId: second.memberId, fromSequence: middle + 1, toSequence: middle + rules.rangeEvents },
  ];
}

function isUseful(theirs: Head, ours: Head): boolean {
  const { kind } = standingOf(theirs, ours);
  return kind === 'ahead' || kind === 'later-epoch';
}

/** A later epoch has the last word; the owner knows its log best; then the nearest, then whoever has the most. */
function compare(left: Source, right: Source): number {
  return (
    right.head.epoch - left.head.epoch ||
    Number(isOwner(right)) - Number(isOwner(left)) ||
    nearness(left) - nearness(right) ||
    right.head.sequence - left.head.sequence ||
    (left.memberId < right.memberId ? -1 : 1)
  );
}

const isOwner = ({ memberId, head }: Source): boolean => memberId === head.origin;
const nearness = ({ roundTripMs }: Source): number => roundTripMs ?? Number.MAX_SAFE_INTEGER;

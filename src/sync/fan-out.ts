import type { MemberId } from '../base/index.js';

/** Who gets a new block at once, and who is only told of it. */
export interface FanOut {
  readonly pushed: readonly MemberId[];
  readonly announced: readonly MemberId[];
}

export interface FanOutRules {
  /** Up to so many get it all. */
  readonly pushToAllUpTo: number;
  /** Of more, so many. */
  readonly pushedOfMore: number;
  /** Blocks of no more bytes than this cost less than telling of them and being asked for them. */
  readonly smallBytes: number;
}

/** `order` is a number for each peer that says who comes first: chosen anew now and then, so that it is not always the same. */
export function fanOut(
  peers: readonly { readonly memberId: MemberId; readonly order: number }[],
  bytes: number,
  rules: FanOutRules,
): FanOut {
  const inOrder = peers
    .toSorted((left, right) => left.order - right.order || (left.memberId < right.memberId ? -1 : 1))
    .map(({ memberId }) => memberId);
  if (inOrder.length <= rules.pushToAllUpTo || bytes <= rules.smallBytes) return { pushed: inOrder, announced: [] };
  return { pushed: inOrder.slice(0, rules.pushedOfMore), announced: inOrder.slice(rules.pushedOfMore) };
}

import { CollectiveError, isCollectiveError } from '../../base/index.js';
import type { KnownTree } from '../../transport/index.js';

/** Another member's tree, read without its coordinator: as of when it is known. */
export interface AwayTree {
  /** What the member is called here, and its id. */
  readonly member: string;
  readonly memberId: string;
  /** The last event of its log that the answer follows from. */
  readonly epoch: number;
  readonly sequence: number;
  /** Of that event, by the member's clock. */
  readonly timeMs: number;
  /** When its coordinator was last heard of; undefined: not since the own one started. */
  readonly heardMs: number | undefined;
  /** Why nothing of its log is applied beyond that event; undefined: there is no more of it. */
  readonly frozen: string | undefined;
}

/** Keeps in mind which members were away when they were asked for. */
export class KnownTrees {
  readonly #onFirst: (tree: AwayTree) => void;
  readonly #trees = new Map<string, AwayTree>();

  /** `onFirst` is told once of each member. */
  constructor(onFirst: (tree: AwayTree) => void) {
    this.#onFirst = onFirst;
  }

  /** As of the first answer for each. */
  all(): readonly AwayTree[] {
    return [...this.#trees.values()];
  }

  /** Whether a failure tells of a member whose tree was read already without its coordinator. */
  isOf({ details }: CollectiveError): boolean {
    return this.all().some(({ member }) => member === details['member']);
  }

  answered({ name, memberId, epoch, sequence, timeMs, heardMs, frozen }: KnownTree): void {
    this.#take({
      member: name,
      memberId,
      epoch,
      sequence,
      timeMs,
      heardMs: heardMs === 0 ? undefined : heardMs,
      frozen: frozen === '' ? undefined : frozen,
    });
  }

  /** An error may say as of when that is so. Returns it without that. */
  failed(error: unknown): unknown {
    if (!isCollectiveError(error)) return error;
    const { knownOf, knownMemberId, knownEpoch, knownSequence, knownTimeMs, knownHeardMs, knownFrozen, ...details } =
      error.details;
    if (typeof knownOf !== 'string' || typeof knownMemberId !== 'string') return error;
    this.answered({
      name: knownOf,
      memberId: knownMemberId,
      epoch: numberIn(knownEpoch),
      sequence: numberIn(knownSequence),
      timeMs: numberIn(knownTimeMs),
      heardMs: numberIn(knownHeardMs),
      frozen: typeof knownFrozen === 'string' ? knownFrozen : '',
    });
    const { code, message, next } = error;
    return new CollectiveError(code, message, { ...(next === undefined ? {} : { next }), details, cause: error });
  }

  #take(tree: AwayTree): void {
    if (this.#trees.has(tree.memberId)) return;
    this.#trees.set(tree.memberId, tree);
    this.#onFirst(tree);
  }
}

const numberIn = (value: unknown): number => (typeof value === 'number' ? value : 0);

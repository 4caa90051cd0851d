import { CollectiveError } from '../../../base/index.js';
import type { Bound, Source } from '../../../sync/index.js';

/** What of a source counts where blocks are taken up to a bound only. */
export function bounded(source: Source, ourSequence: number, bound: Bound): readonly Source[] {
  if (bound === undefined) return [source];
  if (source.head.epoch > bound.epoch || ourSequence >= bound.sequence) return [];
  return [{ ...source, head: { ...source.head, sequence: Math.min(source.head.sequence, bound.sequence) } }];
}

/** For a block that comes after it. */
export const pastTheBound = (): CollectiveError =>
  new CollectiveError(
    'LOG_DAMAGED',
    'A block is refused: its owner is suspended or removed, and it comes after the last one that is taken.',
    {
      details: { problem: 'past the last position that is taken' },
    },
  );

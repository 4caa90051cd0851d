import type { Head } from '../events/index.js';

/** What a run of blocks that came without being asked for means for a copy. */
export type PushedRun =
  /** It goes on where the copy ends, or overlaps with it. */
  | 'follows'
  /** All of it is held, or should be: what differs is a fork. */
  | 'held'
  /** Something is missing before it: it has to be asked for. */
  | 'gap';

/** `lastSequence` is that of the last block of the run. */
export function pushedRun(
  run: { readonly firstSequence: number; readonly lastSequence: number },
  ours: Pick<Head, 'sequence'>,
): PushedRun {
  if (run.firstSequence > ours.sequence + 1) return 'gap';
  return run.lastSequence <= ours.sequence ? 'held' : 'follows';
}

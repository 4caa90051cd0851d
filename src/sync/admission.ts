import type { LogPosition } from '../events/index.js';

/** Up to where the blocks of a member are taken: `undefined` where there is no end. */
export type Bound = LogPosition | undefined;

/** Whether a block (its epoch and last event) lies within what is accepted of its origin. */
export function withinBound(block: { readonly epoch: number; readonly lastSequence: number }, bound: Bound): boolean {
  if (bound === undefined) return true;
  return block.epoch <= bound.epoch && block.lastSequence <= bound.sequence;
}

import { equalBytes, type MemberId } from '../base/index.js';
import type { LogPosition } from '../events/index.js';

/** How the views of one log stood at a position. */
export interface StateMark {
  readonly origin: MemberId;
  readonly position: LogPosition;
  readonly views: readonly ViewMark[];
}

export interface ViewMark {
  readonly name: string;
  readonly projectionVersion: number;
  readonly stateHash: Uint8Array;
}

/** A view that is not the same at two coordinators although the events are. */
export interface Disagreement {
  readonly view: string;
  readonly projectionVersion: number;
}

/**
 * Where two marks of one log at one position contradict each other. Views that one side does not have, or in another version,
 * cannot be compared; nor can other positions.
 */
export function disagreements(ours: StateMark, theirs: StateMark): readonly Disagreement[] {
  if (ours.origin !== theirs.origin || !samePosition(ours.position, theirs.position)) return [];
  return ours.views.flatMap(({ name, projectionVersion, stateHash }) => {
    const other = theirs.views.find((view) => view.name === name && view.projectionVersion === projectionVersion);
    return other === undefined || equalBytes(other.stateHash, stateHash) ? [] : [{ view: name, projectionVersion }];
  });
}

export const samePosition = (left: LogPosition, right: LogPosition): boolean =>
  left.epoch === right.epoch && left.sequence === right.sequence;

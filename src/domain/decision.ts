import type { CollectiveError, Result } from '../base/index.js';
import type { Actor, CollectiveEvent, LogPosition } from '../events/index.js';

/** What a decision may know besides the views. */
export interface DecisionContext {
  readonly nowMs: number;
  readonly actor: Actor;
  /** Where the first event of this decision will stand: ids of what it creates follow from it. */
  readonly nextPosition: LogPosition;
}

/** The events that carry out a command, in order and all in one block; none when nothing has to change. Or why it is refused. */
export type Decision = Result<readonly CollectiveEvent[], CollectiveError>;

import type { Actor, CollectiveEvent, LogPosition, RequestRef } from '../../events/index.js';
import type { ViewInfo } from '../rows/table.js';

/** What a view may know of an event besides its content. */
export interface EventFacts {
  readonly position: LogPosition;
  readonly timeMs: number;
  readonly actor: Actor;
  readonly request: RequestRef | undefined;
}

/** One projection: how its rows follow from events, and how they are read. */
export interface View<Reader> {
  readonly info: ViewInfo;
  readonly read: Reader;
  /** Synchronous and deterministic; touches rows of this one origin only. Throws InvalidEvent; lets the host's signals pass. */
  apply(event: CollectiveEvent, facts: EventFacts): void;
}

/** An event that contradicts what came before it. Never leaves the host as a throw. */
export class InvalidEvent extends Error {
  override readonly name = 'InvalidEvent';
}

export function refuse(reason: string): never {
  throw new InvalidEvent(reason);
}

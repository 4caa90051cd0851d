import type { MemberId, Position, RequestId } from '../base/index.js';
import type { CollectiveEvent } from './catalogue/index.js';

/** Which certificate asked: `coordinator`, `node/<id>` or `client/<id>` of the origin, or somebody of another member. */
export type Actor =
  | 'coordinator'
  | `node/${string}`
  | `client/${string}`
  | `member/${string}/client/${string}`
  | `member/${string}/coordinator`;

/** The command that an event decides: its name given by the caller, and 16 bytes of the hash of its content. */
export interface RequestRef {
  readonly id: RequestId;
  readonly commandHash: Uint8Array;
}

/** What stands around a payload. */
export interface Envelope {
  readonly position: Position;
  /** max(clock, previous + 1): strictly increasing within an origin. */
  readonly timeMs: number;
  readonly type: string;
  readonly schemaVersion: number;
  readonly actor: Actor;
  readonly request: RequestRef | undefined;
  /** The event that this one follows from. */
  readonly cause: Position | undefined;
  /** SHA-256(salt, payload bytes). */
  readonly payloadHash: Uint8Array;
}

/** An event as it was read from a verified block. `event` is undefined for a type or version that this program does not know. */
export interface RecordedEvent {
  readonly envelope: Envelope;
  readonly event: CollectiveEvent | undefined;
}

/** An event as decided, before the log gives it its position, time, salt and hash. */
export interface EventDraft {
  readonly event: CollectiveEvent;
  readonly actor: Actor;
  readonly request: RequestRef | undefined;
  readonly cause: Position | undefined;
}

/** A member's log position without the member. */
export interface LogPosition {
  readonly epoch: number;
  readonly sequence: number;
}

export interface Head {
  readonly origin: MemberId;
  readonly epoch: number;
  /** Of the last event; 0 when the log is empty. */
  readonly sequence: number;
  /** Of the last block's header; 32 zeros when the log is empty. */
  readonly headerHash: Uint8Array;
}

import type { MemberId } from '../../base/index.js';
import type { LogPosition, RecordedEvent } from '../../events/index.js';
import type { Views } from '../../projections/index.js';

/** Our copies of other members' logs, as far as it matters who is in them. */
export interface OtherLogs {
  /** The end of what is durable here; undefined: no copy. */
  headOf(origin: MemberId): LogPosition | undefined;
  /** What their views say; undefined: no copy. */
  read<Value>(origin: MemberId, work: (views: Views) => Value): Promise<Value | undefined>;
  /** Told whenever views of an origin have moved, past which events; must not throw. Returns what ends that. */
  onApplied(listener: (origin: MemberId, events: readonly RecordedEvent[]) => void): () => void;
}

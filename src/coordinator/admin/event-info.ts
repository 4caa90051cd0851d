import { toHex } from '../../base/index.js';
import type { RecordedEvent } from '../../events/index.js';
import type { EventInfo } from '../../transport/index.js';

/** An event as people and scripts see it: the payload as JSON, its bytes as hex. */
export function eventInfo({ envelope, event }: RecordedEvent, blockFirstSequence: number): EventInfo {
  return {
    origin: envelope.position.origin,
    epoch: envelope.position.epoch,
    sequence: envelope.position.sequence,
    timeMs: envelope.timeMs,
    type: envelope.type,
    schemaVersion: envelope.schemaVersion,
    actor: envelope.actor,
    requestId: envelope.request?.id ?? '',
    payloadJson: event === undefined ? '' : JSON.stringify(readable(event)),
    payloadHash: toHex(envelope.payloadHash),
    blockFirstSequence,
  };
}

function readable(value: unknown, depth = 0): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map((item) => readable(item, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  // The event's own type stands beside the payload.
  const fields = Object.entries(value).filter(([name]) => depth > 0 || name !== 'type');
  return Object.fromEntries(fields.map(([name, field]) => [name, readable(field, depth + 1)]));
}

import { CollectiveError, fail, LIMITS, ok, type Result } from '../../base/index.js';
import type { CollectiveEvent } from '../catalogue/index.js';
import type { EventShape } from './event-shape.js';
import { EVENT_SHAPES } from './shapes/index.js';
import { readWire } from './wire-reader.js';
import { UnknownShape, WireProblem } from './wire-value.js';
import { writeWire } from './wire-writer.js';

export interface EncodedEvent {
  readonly type: string;
  readonly schemaVersion: number;
  readonly payload: Uint8Array;
}

/** Turns events into payloads and back. */
export interface EventCodec<Event extends { readonly type: string }> {
  /** Throws CollectiveError: REQUEST_INVALID for a value out of its range, LIMIT_EXCEEDED for a payload above 64 KiB. */
  encode(event: Event): EncodedEvent;
  /**
   * The event in its newest version; undefined for a type, a version or a use of a reserved place that this program does
   * not know. Error: LOG_DAMAGED for anything that is not what its type and version say.
   */
  decode(type: string, schemaVersion: number, payload: Uint8Array): Result<Event | undefined, CollectiveError>;
}

export function createEventCodec<Event extends { readonly type: string }>(
  shapes: Readonly<Record<string, EventShape<object>>>,
): EventCodec<Event> {
  const known = new Map(Object.entries(shapes));
  return {
    encode: (event) => {
      const shape = known.get(event.type);
      if (shape === undefined) throw new CollectiveError('REQUEST_INVALID', `There is no event of type ${event.type}.`);
      return { type: event.type, schemaVersion: shape.version, payload: encodePayload(event, shape) };
    },
    decode: (type, schemaVersion, payload) => {
      const shape = known.get(type);
      if (shape === undefined || schemaVersion > shape.version) return ok(undefined);
      try {
        if (payload.length > LIMITS.payloadBytes) throw new WireProblem(`more than ${LIMITS.payloadBytes} bytes`);
        const fields = shape.fromWire(schemaVersion, readWire(payload));
        return ok({ type, ...fields } as { readonly type: string } as Event);
      } catch (error) {
        if (error instanceof UnknownShape) return ok(undefined);
        if (error instanceof WireProblem) return fail(malformed(type, schemaVersion, error));
        throw error;
      }
    },
  };
}

/** For the events of the catalogue. */
export const eventCodec: EventCodec<CollectiveEvent> = createEventCodec<CollectiveEvent>(EVENT_SHAPES);

function encodePayload(event: { readonly type: string }, shape: EventShape<object>): Uint8Array {
  let payload: Uint8Array;
  try {
    payload = writeWire(shape.toWire(event));
  } catch (error) {
    if (!(error instanceof WireProblem)) throw error;
    throw new CollectiveError('REQUEST_INVALID', `The ${event.type} event cannot be recorded: ${error.message}.`, {
      cause: error,
    });
  }
  if (payload.length <= LIMITS.payloadBytes) return payload;
  throw new CollectiveError(
    'LIMIT_EXCEEDED',
    `A ${event.type} event of ${payload.length} bytes is larger than the limit of ${LIMITS.payloadBytes}.`,
  );
}

const malformed = (type: string, schemaVersion: number, problem: WireProblem): CollectiveError =>
  new CollectiveError(
    'LOG_DAMAGED',
    `The payload of a ${type} event (version ${schemaVersion}) is malformed: ${problem.message}.`,
    {
      details: { type, schemaVersion, problem: problem.message },
    },
  );

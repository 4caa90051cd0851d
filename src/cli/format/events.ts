import type { EventInfo } from '../../client/index.js';
import { printable } from './entries.js';

/** What scripts get to see of an event. */
export const eventJson = (event: EventInfo) => ({
  origin: event.origin,
  epoch: event.epoch,
  sequence: event.sequence,
  time: new Date(event.timeMs).toISOString(),
  type: event.type,
  schemaVersion: event.schemaVersion,
  actor: event.actor,
  ...(event.requestId === '' ? {} : { requestId: event.requestId }),
  payload: parsed(event.payloadJson),
  payloadHash: event.payloadHash,
  blockFirstSequence: event.blockFirstSequence,
});

export type EventJson = ReturnType<typeof eventJson>;

const SUMMARY_LENGTH_MAX = 100;

/** One line: number, time, type, who, and the beginning of what. */
export function eventLine(event: EventJson): string {
  const payload = JSON.stringify(event.payload) ?? '';
  const summary = payload.length > SUMMARY_LENGTH_MAX ? `${payload.slice(0, SUMMARY_LENGTH_MAX)}...` : payload;
  return `${String(event.sequence).padStart(7)}  ${event.time}  ${event.type.padEnd(24)}  ${printable(event.actor)}  ${printable(summary)}`;
}

function parsed(text: string): unknown {
  return text === '' ? null : JSON.parse(text);
}

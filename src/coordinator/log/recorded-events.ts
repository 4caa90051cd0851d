import type { EventLog, RecordedEvent } from '../../events/index.js';

/** Events by their sequences, read back from the log. */
export async function recordedEvents(log: EventLog, firstSequence: number, count: number): Promise<readonly RecordedEvent[]> {
  const found: RecordedEvent[] = [];
  const lastSequence = firstSequence + count - 1;
  for await (const block of log.read({ fromSequence: firstSequence, toSequence: lastSequence })) {
    for (const event of block.events) {
      const { sequence } = event.envelope.position;
      if (sequence >= firstSequence && sequence <= lastSequence) found.push(event);
    }
  }
  return found;
}

import { LIMITS } from '../../base/index.js';
import type { EventLog } from '../../events/index.js';
import type { EventInfo, ListEventsRequest, ListEventsResponse } from '../../transport/index.js';
import { eventInfo } from './event-info.js';

const PAGE_CHARACTERS = 256 * 1024;
/** Looked through at a time from the head backwards; doubled each time. */
const WINDOW_EVENTS = 1024;

/** Past events in order, in messages of bounded size; with `follow`, then each new one once it is durable. */
export async function* listEvents(
  log: EventLog,
  request: ListEventsRequest,
  signal: AbortSignal,
): AsyncGenerator<ListEventsResponse> {
  const types = new Set(request.types);
  const limit = request.limit === 0 ? Number.POSITIVE_INFINITY : request.limit;
  const begin = await beginningOf(log, request, types, signal);
  let next = begin.sequence;
  if (begin.lookedBackTo > 0) yield { events: [], lookedBackTo: begin.lookedBackTo };
  let sent = 0;
  for (;;) {
    const { sequence: head } = log.head;
    if (next <= head) {
      for await (const page of pages(log, { from: next, to: head, types, limit: limit - sent, signal })) {
        sent += page.length;
        yield { events: page, lookedBackTo: 0 };
      }
      next = head + 1;
    }
    if (!request.follow || sent >= limit || signal.aborted) return;
    await nextCommit(log, next, signal);
  }
}

/** Where to begin; and how far back was looked for events of some types, where that was not to the first one. */
async function beginningOf(
  log: EventLog,
  { last, fromSequence }: ListEventsRequest,
  types: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<{ readonly sequence: number; readonly lookedBackTo: number }> {
  const head = log.head.sequence;
  if (last === 0) return { sequence: Math.max(1, fromSequence), lookedBackTo: 0 };
  if (types.size === 0) return { sequence: Math.max(1, head - last + 1), lookedBackTo: 0 };
  const floor = Math.max(1, head - LIMITS.eventsLookedBack + 1);
  let missing = last;
  let windowEvents = WINDOW_EVENTS;
  for (let to = head; to >= floor; ) {
    const from = Math.max(floor, to - windowEvents + 1);
    const found = await sequencesOf(log, { from, to, types, signal });
    const first = found.at(-missing);
    if (first !== undefined) return { sequence: first, lookedBackTo: 0 };
    missing -= found.length;
    to = from - 1;
    windowEvents *= 2;
  }
  return { sequence: floor, lookedBackTo: floor === 1 ? 0 : floor };
}

async function sequencesOf(
  log: EventLog,
  { from, to, types, signal }: Pick<Range, 'from' | 'to' | 'types' | 'signal'>,
): Promise<readonly number[]> {
  const found: number[] = [];
  for await (const block of log.read({ fromSequence: from, toSequence: to, signal })) {
    for (const { envelope } of block.events) {
      const { sequence } = envelope.position;
      if (sequence >= from && sequence <= to && types.has(envelope.type)) found.push(sequence);
    }
  }
  return found;
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly types: ReadonlySet<string>;
  readonly limit: number;
  readonly signal: AbortSignal;
}

async function* pages(log: EventLog, range: Range): AsyncGenerator<EventInfo[]> {
  let page: EventInfo[] = [];
  let characters = 0;
  let left = range.limit;
  for await (const block of log.read({ fromSequence: range.from, toSequence: range.to, signal: range.signal })) {
    for (const event of block.events) {
      const { sequence } = event.envelope.position;
      if (sequence < range.from || sequence > range.to || left === 0) continue;
      if (range.types.size > 0 && !range.types.has(event.envelope.type)) continue;
      const info = eventInfo(event, block.header.firstSequence);
      page.push(info);
      left -= 1;
      characters += info.payloadJson.length;
      if (characters < PAGE_CHARACTERS) continue;
      yield page;
      page = [];
      characters = 0;
    }
    if (left === 0) break;
  }
  if (page.length > 0) yield page;
}

/** Resolves when there is something at `sequence`, or the caller is gone. */
function nextCommit(log: EventLog, sequence: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stop();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const stop = log.onCommitted((block) => {
      if (block.lastSequence >= sequence) done();
    });
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted || log.head.sequence >= sequence) done();
  });
}

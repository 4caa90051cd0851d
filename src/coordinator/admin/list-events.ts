import type { EventLog } from '../../events/index.js';
import type { EventInfo, ListEventsRequest, ListEventsResponse } from '../../transport/index.js';
import { eventInfo } from './event-info.js';

const PAGE_CHARACTERS = 256 * 1024;

/** Past events in order, in messages of bounded size; with `follow`, then each new one once it is durable. */
export async function* listEvents(
  log: EventLog,
  request: ListEventsRequest,
  signal: AbortSignal,
): AsyncGenerator<ListEventsResponse> {
  const types = new Set(request.types);
  const limit = request.limit === 0 ? Number.POSITIVE_INFINITY : request.limit;
  const first = request.last > 0 ? log.head.sequence - request.last + 1 : request.fromSequence;
  let next = Math.max(1, first);
  let sent = 0;
  for (;;) {
    const { sequence: head } = log.head;
    if (next <= head) {
      for await (const page of pages(log, { from: next, to: head, types, limit: limit - sent, signal })) {
        sent += page.length;
        yield { events: page };
      }
      next = head + 1;
    }
    if (!request.follow || sent >= limit || signal.aborted) return;
    await nextCommit(log, next, signal);
  }
}

async function* pages(
  log: EventLog,
  range: {
    readonly from: number;
    readonly to: number;
    readonly types: ReadonlySet<string>;
    readonly limit: number;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<EventInfo[]> {
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

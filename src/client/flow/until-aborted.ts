import { cancelled } from './permits.js';

/** The promise's outcome, or CANCELLED as soon as `signal` aborts; what the promise stands for goes on for its other users. */
export function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  if (signal.aborted) {
    // Nobody waits for it here any longer: a later failure is for its other users.
    promise.catch(() => undefined);
    return Promise.reject(cancelled());
  }
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(cancelled());
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** The items of a source, which may be slow to notice that nobody wants them any longer: the end does not wait for it. */
export async function* eachUntilAborted<Item>(source: AsyncIterable<Item>, signal: AbortSignal): AsyncGenerator<Item, void> {
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const next = await untilAborted(iterator.next(), signal);
      if (next.done === true) {
        ended = true;
        return;
      }
      yield next.value;
    }
  } finally {
    // Nobody waits for the source to stop, and one that fails to has nothing left to say.
    if (!ended) iterator.return?.().catch(() => undefined);
  }
}

import { defaultMaxListeners, setMaxListeners } from 'node:events';

type Any = typeof AbortSignal.any;

/**
 * Runs with an `AbortSignal.any` that does nothing but pass an abort on. That of Node keeps signals with listeners alive from a
 * global list, and with them all that a killed program had in memory, and it lets others go when the collector says so: neither
 * has a place in a simulation. What it makes here is reachable from its sources alone.
 */
export async function withPlainSignals<Value>(work: () => Promise<Value>): Promise<Value> {
  const real: Any = AbortSignal.any.bind(AbortSignal);
  AbortSignal.any = plainAny;
  // One signal that many wait for is no leak here.
  setMaxListeners(0);
  try {
    return await work();
  } finally {
    AbortSignal.any = real;
    setMaxListeners(defaultMaxListeners);
  }
}

const plainAny: Any = (signals) => {
  const either = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) either.abort(signal.reason);
    else signal.addEventListener('abort', () => either.abort(signal.reason), { once: true });
  }
  return either.signal;
};

import { CollectiveError } from '../../base/index.js';
import type { Timers } from '../../ports/index.js';

/** Waits for a promise that others wait for too, as long as `signal` and `timeoutMs` allow. DEADLINE_EXCEEDED, CANCELLED. */
export function abandonable<Value>(
  promise: Promise<Value>,
  wait: { readonly signal: AbortSignal; readonly timeoutMs: number | undefined },
  timers: Timers,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const release = (): void => {
      timer?.cancel();
      wait.signal.removeEventListener('abort', abort);
    };
    const abort = (): void => {
      release();
      reject(new CollectiveError('CANCELLED', 'The call was cancelled.'));
    };
    const timer =
      wait.timeoutMs === undefined
        ? undefined
        : timers.after(wait.timeoutMs, () => {
            release();
            reject(new CollectiveError('DEADLINE_EXCEEDED', 'The coordinator did not answer in time.', { next: 'Try again.' }));
          });
    wait.signal.addEventListener('abort', abort, { once: true });
    if (wait.signal.aborted) abort();
    promise.then(
      (value) => {
        release();
        resolve(value);
      },
      (error: unknown) => {
        release();
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}

/** Waits. The only way anything in the system is delayed or repeated. */
export interface Timers {
  /** Resolves after the delay; rejects with CollectiveError CANCELLED as soon as `signal` aborts. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
  /** Runs `task` once after the delay unless cancelled first. `task` must not throw. Does not keep the process alive. */
  after(delayMs: number, task: () => void): { cancel(): void };
}

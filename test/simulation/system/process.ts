import { CollectiveError } from '../../../src/base/index.js';
import type { LogFields, Logger, Timers } from '../../../src/ports/index.js';
import type { SimTime } from '../ports/index.js';
import type { Trace } from './trace.js';

/** Timers that end with their process: nothing of it is ever run again, and its waits never return. */
export class ProcessTimers implements Timers {
  readonly #time: SimTime;
  readonly #scheduled = new Set<{ cancel(): void }>();
  #alive = true;

  constructor(time: SimTime) {
    this.#time = time;
  }

  kill(): void {
    this.#alive = false;
    for (const each of this.#scheduled) each.cancel();
    this.#scheduled.clear();
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        waiting.cancel();
        reject(new CollectiveError('CANCELLED', 'The wait was cancelled.'));
      };
      const waiting = this.after(durationMs, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      if (signal?.aborted === true) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    });
  }

  after(delayMs: number, task: () => void): { cancel(): void } {
    if (!this.#alive) return { cancel: () => undefined };
    const scheduled = this.#time.schedule(delayMs, () => {
      this.#scheduled.delete(scheduled);
      task();
    });
    this.#scheduled.add(scheduled);
    return {
      cancel: () => {
        this.#scheduled.delete(scheduled);
        scheduled.cancel();
      },
    };
  }
}

/** What one process writes into its log; an error inside of it is kept as evidence for as long as it lives. */
export class ProcessLogger implements Logger {
  readonly #host: string;
  readonly #trace: Trace;
  readonly #state: { alive: boolean; readonly internal: string[] };

  constructor(
    host: string,
    trace: Trace,
    state: { alive: boolean; readonly internal: string[] } = { alive: true, internal: [] },
  ) {
    this.#host = host;
    this.#trace = trace;
    this.#state = state;
  }

  /** Errors that are nobody's fault but the program's. */
  get internal(): readonly string[] {
    return this.#state.internal;
  }

  kill(): void {
    this.#state.alive = false;
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#say('debug', message, fields);
  }

  info(message: string, fields: LogFields = {}): void {
    this.#say('info', message, fields);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#say('warn', message, fields);
  }

  error(message: string, fields: LogFields = {}): void {
    this.#say('error', message, fields);
  }

  child(): Logger {
    return new ProcessLogger(this.#host, this.#trace, this.#state);
  }

  #say(level: string, message: string, fields: LogFields): void {
    if (!this.#state.alive) return;
    const { error } = fields;
    const text = `${level} ${message} ${JSON.stringify(fields, shown)}`;
    if (level === 'error' && error instanceof CollectiveError && error.code === 'INTERNAL') {
      this.#state.internal.push(`${this.#host}: ${text} ${causes(error)}`);
    }
    this.#trace.aside(this.#host, text);
  }
}

const shown = (_key: string, value: unknown): unknown => {
  if (value instanceof Error) return 'code' in value ? `${String(value.code)}: ${value.message}` : value.message;
  return value instanceof Uint8Array ? `<${value.length} bytes>` : value;
};

const causes = (error: Error): string =>
  error.cause instanceof Error ? `<- ${error.cause.stack ?? error.cause.message} ${causes(error.cause)}` : (error.stack ?? '');

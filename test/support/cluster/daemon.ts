import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export interface DaemonOptions {
  /** Arguments after the executable, such as `coordinator start`. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly executable: string;
  /** What the command begins with, to run it elsewhere; it must become the process itself. */
  readonly within?: readonly string[];
  /** Where its log lines go. */
  readonly logPath: string;
  /** How long it may take to say that it is ready. */
  readonly readyWithinMs?: number;
  /** In a session of its own, so that it outlives the terminal that started it. */
  readonly detached?: boolean;
}

/** One real process of the product, which can be killed and started again with the same command. */
export class Daemon {
  readonly #options: DaemonOptions;
  #child: ChildProcess | undefined;
  /** From spawn to the ready line, of the last start. */
  startMs = 0;

  constructor(options: DaemonOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /**
   * Resolves with the fields of the ready line; rejects when the process ends first, with the end of its log. `more`: arguments
   * of this start alone.
   */
  async start(more: readonly string[] = []): Promise<Record<string, unknown>> {
    const begin = performance.now();
    const { executable, args, env, logPath, within = [] } = this.#options;
    const logFile = openSync(logPath, 'a', 0o600);
    const [program, ...rest] = [...within, process.execPath, executable, ...args, ...more, '--json'];
    const child = spawn(program, rest, {
      env,
      stdio: ['ignore', 'pipe', logFile],
      detached: this.#options.detached ?? false,
    });
    closeSync(logFile);
    this.#child = child;
    const logTail = (): string => readFileSync(logPath, 'utf8').split('\n').slice(-20).join('\n');
    if (child.stdout === null) throw new Error('the process has no standard output');
    const lines = createInterface({ input: child.stdout });
    const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`not ready in time: ${args.join(' ')}\n${logTail()}`));
      }, this.#options.readyWithinMs ?? 60_000);
      const output: string[] = [];
      lines.on('line', (line) => {
        output.push(line);
        const parsed = parseReady(line);
        if (parsed === undefined) return;
        clearTimeout(timer);
        resolve(parsed);
      });
      child.once('close', (code, signal) => {
        clearTimeout(timer);
        reject(new Error(`${args.join(' ')} ended (${code ?? signal}) before it was ready\n${output.join('\n')}\n${logTail()}`));
      });
      child.once('error', reject);
    });
    this.startMs = performance.now() - begin;
    if (this.#options.detached === true) {
      child.stdout.destroy();
      child.unref();
    }
    return ready;
  }

  /** Ends it with the signal and waits until it is gone. Returns its exit code, or null when the signal ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || !this.running) return child?.exitCode ?? null;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
    return child.exitCode;
  }

  /** Resolves when the process has ended for whatever reason. */
  async ended(): Promise<void> {
    if (this.#child !== undefined && this.running) await once(this.#child, 'exit');
  }
}

function parseReady(line: string): Record<string, unknown> | undefined {
  // A failure comes as JSON too, over several lines.
  if (!line.startsWith('{"ready":')) return undefined;
  const parsed: unknown = JSON.parse(line);
  const fields = typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  return fields['ready'] === true ? fields : undefined;
}

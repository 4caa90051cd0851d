import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

export interface DaemonOptions {
  /** Arguments after the executable, such as `coordinator start`. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly executable: string;
  /** Where its log lines go. */
  readonly logPath: string;
  /** How long it may take to say that it is ready. */
  readonly readyWithinMs?: number;
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

  /** Resolves with the fields of the ready line; rejects when the process ends first, with the end of its log. */
  async start(): Promise<Record<string, unknown>> {
    const begin = performance.now();
    const { executable, args, env, logPath } = this.#options;
    const child = spawn(process.execPath, [executable, ...args, '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    const log = createWriteStream(logPath, { flags: 'a', mode: 0o600 });
    child.stderr.pipe(log);
    const tail: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      tail.push(line);
      if (tail.length > 20) tail.shift();
    });
    const lines = createInterface({ input: child.stdout });
    const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`not ready in time: ${args.join(' ')}\n${tail.join('\n')}`));
      }, this.#options.readyWithinMs ?? 30_000);
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
        reject(new Error(`${args.join(' ')} ended (${code ?? signal}) before it was ready\n${[...output, ...tail].join('\n')}`));
      });
      child.once('error', reject);
    });
    this.startMs = performance.now() - begin;
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
  if (!line.startsWith('{')) return undefined;
  const parsed: unknown = JSON.parse(line);
  const fields = typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  return fields['ready'] === true ? fields : undefined;
}

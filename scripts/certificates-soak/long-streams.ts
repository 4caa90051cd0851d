import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../../test/support/cluster/index.js';

function start(cluster: Cluster, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [Cluster.executable, ...args], { env: cluster.env, stdio: ['ignore', 'pipe', 'pipe'] });
}

const textOf = (child: ChildProcess): (() => string) => {
  const parts: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => parts.push(text));
  return () => parts.join('').slice(-500);
};

/** `events tail` of one process for the whole time: every event once, in order. */
export class EventStream {
  readonly #child: ChildProcess;
  readonly #words: () => string;
  events = 0;
  #last = 0;
  readonly complaints: string[] = [];

  constructor(cluster: Cluster) {
    this.#child = start(cluster, ['events', 'tail', '-n', '1', '--json']);
    this.#words = textOf(this.#child);
    if (this.#child.stdout === null) throw new Error('the process has no standard output');
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#take(line));
  }

  get last(): number {
    return this.#last;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
      this.complaints.push(`events tail ended by itself (${this.#child.exitCode}): ${this.#words()}`);
      return;
    }
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGINT');
    await gone;
    if (this.#words() !== '') this.complaints.push(`events tail said: ${this.#words()}`);
  }

  #take(line: string): void {
    const { sequence } = JSON.parse(line) as { sequence: number };
    if (this.#last !== 0 && sequence !== this.#last + 1) this.complaints.push(`event ${sequence} came after ${this.#last}`);
    this.#last = sequence;
    this.events += 1;
  }
}

/** One `get` to a reader that takes as long as the whole run. */
export async function slowGet(
  cluster: Cluster,
  file: { readonly path: string; readonly bytes: number; readonly sha256: string },
  durationMs: number,
): Promise<{ readonly bytes: number; readonly complaints: readonly string[] }> {
  const child = start(cluster, ['cat', file.path]);
  const words = textOf(child);
  const ended = once(child, 'close');
  const hash = createHash('sha256');
  const begin = performance.now();
  let bytes = 0;
  for await (const part of child.stdout ?? []) {
    const chunk = part as Buffer;
    hash.update(chunk);
    bytes += chunk.length;
    await sleep(Math.max(0, (durationMs * bytes) / file.bytes - (performance.now() - begin)));
  }
  await ended;
  const complaints: string[] = [];
  if (child.exitCode !== 0) complaints.push(`the long get ended with ${child.exitCode}: ${words()}`);
  else if (hash.digest('hex') !== file.sha256) complaints.push('the long get gave other bytes than were stored');
  return { bytes, complaints };
}

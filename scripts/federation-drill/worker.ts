import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Cluster } from '../../test/support/cluster/index.js';

const PROGRAM = fileURLToPath(new URL('load-worker.ts', import.meta.url));
const ANSWER = z.object({
  did: z.string(),
  reason: z.string().optional(),
  acknowledged: z.array(z.string()).default([]),
  asked: z.array(z.string()).default([]),
});
type Answer = z.infer<typeof ANSWER>;

/** Keeps one member's coordinator and nodes busy, from a process on that member's machine. */
export class Worker {
  /** Paths that were acknowledged, ever. */
  readonly acknowledged = new Set<string>();
  readonly #child: ChildProcess;
  readonly #answers: ((answer: Answer) => void)[] = [];

  constructor(member: Cluster, seed: number) {
    const contexts = join(member.root, 'config', 'collective');
    const [program, ...rest] = [...member.place.within, process.execPath, '--import', 'tsx', PROGRAM, contexts, String(seed)];
    this.#child = spawn(program, rest, { env: member.env, stdio: ['pipe', 'pipe', 'inherit'] });
    if (this.#child.stdout === null) throw new Error('the worker has no standard output');
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#answers.shift()?.(ANSWER.parse(JSON.parse(line)));
    });
    this.#child.once('exit', (code) => {
      for (const take of this.#answers.splice(0))
        take({ did: 'fail', reason: `the worker ended with ${code}`, acknowledged: [], asked: [] });
    });
  }

  async start(folder: string): Promise<void> {
    await this.#tell(`start ${folder}`);
  }

  /** Returns once no call of it is open any more. */
  async rest(): Promise<void> {
    const { acknowledged } = await this.#tell('stop');
    for (const path of acknowledged) this.acknowledged.add(path);
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  async #tell(order: string): Promise<Answer> {
    const answered = new Promise<Answer>((resolve) => this.#answers.push(resolve));
    this.#child.stdin?.write(`${order}\n`);
    const answer = await answered;
    if (answer.did === 'fail') throw new Error(`${order}: ${answer.reason ?? ''}`);
    return answer;
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../../test/support/cluster/ports.js';
import { ROOT } from '../check/parts.js';

/** The ports that people see; in their place every run of the walk uses free ones. */
const SHOWN_PORTS = [7420, 7421, 7430, 7431, 7432] as const;
const READY_WITHIN_MS = 120_000;
const WAITED_FOR_MS = 180_000;
const PAUSE_MS = 300;

export interface Outcome {
  readonly exit: number;
  /** Standard output and standard error, as a terminal shows them. */
  readonly output: string;
}

/** A machine to walk on: a home folder, a shell that finds the built program, and terminals that stay open. */
export class Household {
  readonly #home: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #ports: ReadonlyMap<number, number>;
  readonly #terminals = new Map<string, ChildProcess>();
  readonly #kept = new Map<string, string>();

  private constructor(home: string, path: string, ports: ReadonlyMap<number, number>) {
    this.#home = home;
    this.#ports = ports;
    const { LANG = 'C.UTF-8' } = process.env;
    this.#environment = { PATH: path, HOME: home, LANG, NO_COLOR: '1', USER: 'alice', LOGNAME: 'alice' };
  }

  /** `root` is an empty folder, which the caller removes. */
  static async create(root: string): Promise<Household> {
    const home = join(root, 'home', 'alice');
    const programs = join(root, 'programs');
    await mkdir(home, { recursive: true });
    await mkdir(programs);
    const program = join(programs, 'collective');
    await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'bin', 'collective.js')}" "$@"\n`);
    await chmod(program, 0o755);
    const free = await freePorts(SHOWN_PORTS.length);
    const ports = new Map(SHOWN_PORTS.map((port, index) => [port as number, free[index] ?? 0]));
    return new Household(home, `${programs}:/usr/local/bin:/usr/bin:/bin`, ports);
  }

  async run(command: string, keeps?: string): Promise<Outcome> {
    const child = this.#spawn(command);
    const output = collect(child);
    const [exit] = (await once(child, 'close')) as [number | null];
    if (keeps !== undefined) this.#kept.set(keeps, output().trim());
    return { exit: exit ?? -1, output: this.shown(output()) };
  }

  /** Returns what it printed until it was ready. */
  async start(terminal: string, command: string): Promise<string> {
    const child = this.#spawn(`exec ${command}`);
    this.#terminals.set(terminal, child);
    const output = collect(child);
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!/ is ready at .*\n/.test(output())) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`not ready: ${command}\n${output()}`);
      await pause();
    }
    const ready = output()
      .split('\n')
      .filter((line) => !line.startsWith('{'));
    return this.shown(ready.join('\n'));
  }

  async stop(terminal: string, signal: NodeJS.Signals): Promise<void> {
    const child = this.#terminals.get(terminal);
    this.#terminals.delete(terminal);
    if (child === undefined || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  async until(command: string, prints: RegExp): Promise<void> {
    const deadline = Date.now() + WAITED_FOR_MS;
    for (;;) {
      const { exit, output } = await this.run(command);
      if (exit === 0 && prints.test(output)) return;
      if (Date.now() > deadline) throw new Error(`waited in vain: ${command} does not print ${String(prints)}:\n${output}`);
      await pause();
    }
  }

  async stopAll(): Promise<void> {
    for (const terminal of this.#terminals.keys()) await this.stop(terminal, 'SIGKILL');
  }

  /** What was printed, without what only this machine and this run have. */
  shown(text: string): string {
    let plain = text.replaceAll(this.#home, '/home/alice');
    for (const [shown, real] of this.#ports) plain = plain.replaceAll(new RegExp(`:${real}\\b`, 'g'), `:${shown}`);
    return plain
      .replaceAll(/\bcollective1(node|client)[a-z2-7]{20,}/g, 'collective1$1aeb...')
      .replaceAll(/\b[a-z2-7]{52}\b/g, 'odxxzx2nsbx47x7yrfrap5tn73paftwe2cqkkwwmpnpwg5cwhxfa')
      .replaceAll(/\(pid [0-9]+\)/g, '(pid 4711)')
      .trimEnd();
  }

  #spawn(command: string): ChildProcess {
    let real = command;
    for (const [name, value] of this.#kept) real = real.replaceAll(`<${name}>`, value);
    for (const [shown, port] of this.#ports) real = real.replaceAll(new RegExp(`:${shown}\\b`, 'g'), `:${port}`);
    return spawn('/bin/sh', ['-c', real], { cwd: this.#home, env: this.#environment, stdio: ['ignore', 'pipe', 'pipe'] });
  }
}

function collect(child: ChildProcess): () => string {
  const pieces: Buffer[] = [];
  child.stdout?.on('data', (bytes: Buffer) => pieces.push(bytes));
  child.stderr?.on('data', (bytes: Buffer) => pieces.push(bytes));
  return () => Buffer.concat(pieces).toString('utf8');
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

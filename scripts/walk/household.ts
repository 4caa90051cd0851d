import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../check/parts.js';
import type { Shown } from './shown.js';

const READY_WITHIN_MS = 120_000;
const WAITED_FOR_MS = 180_000;
const PAUSE_MS = 300;

export interface Outcome {
  readonly exit: number;
  /** Standard output and standard error, as a terminal shows them. */
  readonly output: string;
}

export interface HouseholdOptions {
  /** An empty folder, which the caller removes. */
  readonly root: string;
  readonly who: string;
  /** The ports that people see, and the free ones that take their place; none where the machine is theirs alone. */
  readonly ports?: ReadonlyMap<number, number>;
  /** What every command begins with, to run it on another machine. */
  readonly within?: readonly string[];
  readonly shown: Shown;
  /** Shared by all who pass each other invites. */
  readonly kept: Map<string, string>;
}

/** A machine to walk on: a home folder, a shell that finds the built program, and terminals that stay open. */
export class Household {
  readonly #options: HouseholdOptions;
  readonly #home: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #terminals = new Map<string, ChildProcess>();

  private constructor(options: HouseholdOptions, home: string, path: string) {
    this.#options = options;
    this.#home = home;
    const { LANG = 'C.UTF-8' } = process.env;
    this.#environment = { PATH: path, HOME: home, LANG, NO_COLOR: '1', USER: options.who, LOGNAME: options.who };
  }

  static async create(options: HouseholdOptions): Promise<Household> {
    const { root, who, shown, ports = new Map<number, number>() } = options;
    const home = join(root, 'home', who);
    const programs = join(root, 'programs');
    await mkdir(home, { recursive: true });
    await mkdir(programs, { recursive: true });
    const program = join(programs, 'collective');
    await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'bin', 'collective.js')}" "$@"\n`);
    await chmod(program, 0o755);
    shown.replace(home, `/home/${who}`);
    for (const [port, real] of ports) shown.replace(`:${real}`, `:${port}`);
    return new Household(options, home, `${programs}:/usr/local/bin:/usr/bin:/bin`);
  }

  async run(command: string, keeps?: string): Promise<Outcome> {
    const child = this.#spawn(command);
    const output = collect(child);
    const [exit] = (await once(child, 'close')) as [number | null];
    if (keeps !== undefined) this.#options.kept.set(keeps, output().trim());
    return { exit: exit ?? -1, output: this.#options.shown.text(output()) };
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
    return this.#options.shown.text(ready.join('\n'));
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

  #spawn(command: string): ChildProcess {
    const { kept, ports = new Map<number, number>(), within = [] } = this.#options;
    let real = command;
    for (const [name, value] of kept) real = real.replaceAll(`<${name}>`, value);
    for (const [shown, port] of ports) real = real.replaceAll(new RegExp(`:${shown}\\b`, 'g'), `:${port}`);
    const [program, ...rest] = [...within, '/bin/sh', '-c', real];
    return spawn(program, rest, { cwd: this.#home, env: this.#environment, stdio: ['ignore', 'pipe', 'pipe'] });
  }
}

function collect(child: ChildProcess): () => string {
  const pieces: Buffer[] = [];
  child.stdout?.on('data', (bytes: Buffer) => pieces.push(bytes));
  child.stderr?.on('data', (bytes: Buffer) => pieces.push(bytes));
  return () => Buffer.concat(pieces).toString('utf8');
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

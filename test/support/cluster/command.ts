import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly wallMs: number;
}

export interface CommandOptions {
  readonly executable: string;
  readonly env: NodeJS.ProcessEnv;
  /** What the command begins with, to run it elsewhere. */
  readonly within?: readonly string[];
  readonly input?: Readable | Uint8Array | string;
  /** Called with the process as soon as it runs, to be able to kill it. */
  readonly onSpawn?: (child: ChildProcess) => void;
  readonly cwd?: string;
}

/** Runs one command of the built product to its end. */
export async function runCommand(args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const begin = performance.now();
  const [program = process.execPath, ...rest] = [...(options.within ?? []), process.execPath, options.executable, ...args];
  const child = spawn(program, rest, {
    env: options.env,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  options.onSpawn?.(child);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (bytes: Buffer) => stdout.push(bytes));
  child.stderr?.on('data', (bytes: Buffer) => stderr.push(bytes));
  const closed = once(child, 'close');
  const { stdin } = child;
  if (stdin !== null) {
    // The command may refuse before it has read everything; its exit code and message tell.
    stdin.on('error', () => stdin.destroy());
    if (typeof options.input === 'string' || options.input instanceof Uint8Array) stdin.end(options.input);
    else options.input?.pipe(stdin);
  }
  await closed;
  return {
    code: child.exitCode,
    stdout: Buffer.concat(stdout),
    stderr: Buffer.concat(stderr).toString('utf8'),
    wallMs: performance.now() - begin,
  };
}

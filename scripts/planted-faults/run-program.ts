import { spawn } from 'node:child_process';

export interface Finished {
  /** Undefined where it was stopped: by the time limit or by a signal. */
  readonly code: number | undefined;
  readonly output: string;
}

const OUTPUT_CHARACTERS_MAX = 1_000_000;

/** Runs a program to its end, or kills it after the time limit or when the signal aborts. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly timeLimitMs: number; readonly signal: AbortSignal },
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const { cwd, timeLimitMs: timeout, signal } = options;
    const child = spawn(command, args, { cwd, signal, timeout, killSignal: 'SIGKILL', stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (text: Buffer): void => {
      if (output.length < OUTPUT_CHARACTERS_MAX) output += text.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? undefined, output }));
  });
}

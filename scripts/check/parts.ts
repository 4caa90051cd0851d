import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** One part of `npm run check`. Resolves to what is wrong, empty when nothing is. */
export interface Part {
  readonly name: string;
  readonly run: () => Promise<readonly string[]>;
}

/** The output and the exit code of a program; a program that cannot be started counts as exit code 127. */
export function runProgram(
  command: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => {
      resolve({ code: 127, output: error.message });
    });
    child.on('close', (code) => {
      resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString('utf8').trim() });
    });
  });
}

/** A part that is right when the program ends with 0. */
export function programPart(name: string, command: string, args: readonly string[]): Part {
  return {
    name,
    run: async () => {
      const { code, output } = await runProgram(command, args);
      return code === 0 ? [] : [output === '' ? `${command} ended with ${code}` : output];
    },
  };
}

export const bin = (name: string): string => `${ROOT}node_modules/.bin/${name}`;

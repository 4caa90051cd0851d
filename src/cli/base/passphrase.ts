import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { CollectiveError, LIMITS } from '../../base/index.js';

/**
 * The passphrase for a new identity key: the first line of a file (- for standard input), or asked for twice on a terminal.
 * Errors: USAGE where nobody can be asked or what was given is too short or too long, NOT_FOUND for a missing file.
 */
export async function askPassphrase(file: string | undefined): Promise<string> {
  const passphrase = file === undefined ? await ask() : await firstLine(file);
  const problem = problemOf(passphrase);
  if (problem !== undefined) throw new CollectiveError('USAGE', problem);
  return passphrase;
}

/** The passphrase that an identity key was given before: as above, but asked for once. */
export async function askKnownPassphrase(file: string | undefined): Promise<string> {
  if (file !== undefined) return firstLine(file);
  requireTerminal();
  const { password } = await import('@inquirer/prompts');
  return password({ message: 'Passphrase of your identity key:', mask: true }, { output: process.stderr });
}

async function firstLine(file: string): Promise<string> {
  const content = file === '-' ? await text(process.stdin) : await readWhole(file);
  return content.split(/\r?\n/, 1)[0] ?? '';
}

async function readWhole(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!missing) throw error;
    throw new CollectiveError('NOT_FOUND', `There is no passphrase file ${file}.`, {
      next: 'Check the path given with --passphrase-file; - stands for standard input.',
      details: { path: file },
      cause: error,
    });
  }
}

function requireTerminal(): void {
  if (process.stdin.isTTY && process.stderr.isTTY) return;
  throw new CollectiveError('USAGE', 'The identity key needs a passphrase, and there is no terminal to ask for it.', {
    next: 'Give it with --passphrase-file FILE.',
  });
}

async function ask(): Promise<string> {
  requireTerminal();
  const { password } = await import('@inquirer/prompts');
  const output = { output: process.stderr };
  const first = await password(
    { message: 'Passphrase for your identity key:', mask: true, validate: (typed) => problemOf(typed) ?? true },
    output,
  );
  await password({ message: 'Once more:', mask: true, validate: (typed) => typed === first || 'That is not the same.' }, output);
  return first;
}

function problemOf(passphrase: string): string | undefined {
  const { length } = passphrase;
  if (length >= LIMITS.passphraseCharactersMin && length <= LIMITS.passphraseCharactersMax) return undefined;
  return `A passphrase has ${LIMITS.passphraseCharactersMin} to ${LIMITS.passphraseCharactersMax} characters, not ${length}.`;
}

import { CollectiveError, EXIT, isCollectiveError, toCollectiveError } from '../../base/index.js';
import { isFileSystemError } from '../../ports/index.js';
import { printable } from '../format/printable.js';
import { nearest } from '../format/nearest.js';

/** What a failed command says to a script. */
export interface ErrorJson {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly next?: string;
    readonly details: CollectiveError['details'];
  };
}

/** Whatever a command threw, as an error with a code. `flags`: the names that the command knows, for one that is mistyped. */
export async function asCollectiveError(thrown: unknown, flags: readonly string[] = []): Promise<CollectiveError> {
  if (isCollectiveError(thrown)) return withFlagName(thrown);
  if (isFileSystemError(thrown)) {
    const { fileProblem } = await import('../../client/index.js');
    return fileProblem(thrown, thrown.path) ?? toCollectiveError(thrown);
  }
  if (isParseError(thrown)) {
    return new CollectiveError('USAGE', plainParseMessage(thrown.message), {
      next: meantFlag(thrown.message, flags) ?? 'See the command with --help.',
      cause: thrown,
    });
  }
  const error = toCollectiveError(thrown);
  return error.code === 'INTERNAL'
    ? new CollectiveError('INTERNAL', `Collective did not expect this: ${error.message}`, {
        next: 'Run the command again with COLLECTIVE_LOG=debug, and report what it prints.',
        cause: thrown,
      })
    : error;
}

/** oclif writes the flag's name around the message of an error that a flag's parser throws. */
function withFlagName(error: CollectiveError): CollectiveError {
  const { code, message, next, details } = error;
  const parts = /^Parsing (--\S+) \n\t(.*)\nSee more help with --help$/s.exec(message);
  if (parts === null) return error;
  return new CollectiveError(code, `${parts[1]}: ${parts[2]}`, {
    details,
    cause: error,
    ...(next === undefined ? {} : { next }),
  });
}

function meantFlag(message: string, flags: readonly string[]): string | undefined {
  const typed = /^Nonexistent flags?: --([^\s,=]+)/m.exec(message)?.[1];
  const meant = typed === undefined ? undefined : nearest(typed, ['help', 'json', ...flags]);
  return meant === undefined ? undefined : `Did you mean --${meant}? See the command with --help.`;
}

/** oclif's message in one line, without its advice on how flags and arguments are told apart. */
const plainParseMessage = (message: string): string =>
  message
    .replace(/\nSee more help with --help$/, '')
    .replace(/\n\nNote: --.*$/s, '')
    .replace(/^The following errors? occurred:\s*/, '')
    .replace(/^Parsing (--\S+)\s+/, '$1: ')
    .replace(/^Missing 1 required arg:\n(\S+) +/, 'Missing argument $1: ')
    .trim();

/** oclif's word for a command line that it does not understand. */
const isParseError = (thrown: unknown): thrown is Error =>
  thrown instanceof Error &&
  'oclif' in thrown &&
  typeof thrown.oclif === 'object' &&
  thrown.oclif !== null &&
  'exit' in thrown.oclif &&
  thrown.oclif.exit === EXIT.usage;

export const errorJson = ({ code, message, next, details }: CollectiveError): ErrorJson => ({
  error: { code, message, ...(next === undefined ? {} : { next }), details },
});

/** A sentence, and what to do next. A name in it cannot play tricks on a terminal. */
export const errorText = ({ code, message, next }: CollectiveError): string =>
  `Error: ${linewise(message)} (${code})\n${next === undefined ? '' : `Next: ${linewise(next)}\n`}`;

const linewise = (text: string): string => text.split('\n').map(printable).join('\n');

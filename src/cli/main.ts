import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Errors, type Interfaces, run, settings } from '@oclif/core';
import { CollectiveError } from '../base/index.js';
import { asCollectiveError, errorJson, errorText } from './base/report-error.js';

const NOT_FOUND_PLUGIN = '@oclif/plugin-not-found';
const WORDS_MAX = 3;

/** Runs the command line `argv` of the program that is installed in `root`. Ends with the exit code set. */
export async function main(root: string, argv: readonly string[]): Promise<void> {
  // Else a NODE_ENV of the user's makes it look for the sources, which takes as long again as a command does.
  settings.enableAutoTranspile = false;
  const commandWords = ownCommandWords(argv);
  try {
    const own = commandWords > 0;
    if (!own) (await import('./plugin/offer.js')).offerToPlugins();
    await run([...argv], { root, pjson: packageFor(root, argv, own), userPlugins: !own });
    if (own) await end(process.exitCode);
  } catch (thrown) {
    await end(await report(unexpectedArgument(thrown, argv.slice(commandWords), commandWords) ?? thrown, argv));
  }
}

/** What oclif makes a command that it does not find: words behind one of ours that takes none. */
function unexpectedArgument(thrown: unknown, rest: readonly string[], commandWords: number): CollectiveError | undefined {
  const word = rest.find((each) => !each.startsWith('-'));
  if (commandWords === 0 || word === undefined || !(thrown instanceof Errors.CLIError)) return undefined;
  if (!/^command .* not found$/.test(thrown.message)) return undefined;
  return new CollectiveError('USAGE', `Unexpected argument: ${word}`, { next: 'See the command with --help.' });
}

/** What stands in package.json; without the plugins that this command line has no use for: each of them takes time to load. */
function packageFor(root: string, argv: readonly string[], own: boolean): Interfaces.PJSON {
  const found = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Interfaces.PJSON;
  const { hooks, plugins, ...oclif } = found.oclif;
  if (own) return { ...found, oclif };
  // That plugin asks whether another command was meant: where nobody can answer, a hook of ours says which one it may be.
  const asks = process.stdin.isTTY === true && process.stderr.isTTY === true && !wantsJson(argv);
  return asks
    ? { ...found, oclif: { ...oclif, plugins: plugins ?? [] } }
    : { ...found, oclif: { ...oclif, hooks: hooks ?? {}, plugins: (plugins ?? []).filter((name) => name !== NOT_FOUND_PLUGIN) } };
}

/** How many words at its beginning are a command that is no plugin's. 0 for aliases, and for flags that stand in front. */
function ownCommandWords(argv: readonly string[]): number {
  const words = argv.slice(0, WORDS_MAX);
  const end = words.findIndex((word) => !/^[a-z][a-z-]*$/.test(word));
  const plain = end < 0 ? words : words.slice(0, end);
  const isCommand = (_: string, index: number): boolean =>
    existsSync(new URL(`commands/${plain.slice(0, index + 1).join('/')}.js`, import.meta.url));
  return plain.findLastIndex(isCommand) + 1;
}

const wantsJson = (argv: readonly string[]): boolean => {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes('--json');
};

/** Tells what failed outside of a command of ours. Returns the exit code. */
async function report(thrown: unknown, argv: readonly string[]): Promise<number> {
  if (thrown instanceof Errors.ExitError) return thrown.oclif.exit ?? 0;
  const error = await asCollectiveError(thrown);
  if (wantsJson(argv)) process.stdout.write(`${JSON.stringify(errorJson(error), undefined, 2)}\n`);
  else process.stderr.write(errorText(error));
  return error.exitCode;
}

/**
 * Something may still be open, so that the process would go on: of a plugin's command that failed, or a connection that was being
 * made to a host that does not answer, which grpc-js cannot give up and the kernel keeps for two minutes.
 */
const end = (exitCode: NodeJS.Process['exitCode']): Promise<never> =>
  new Promise(() => {
    process.exitCode = exitCode ?? 0;
    process.stdout.write('', () => process.exit());
  });

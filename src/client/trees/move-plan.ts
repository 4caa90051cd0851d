import { CollectiveError } from '../../base/index.js';
import type { FilesCalls } from '../calls/files-calls.js';
import { statOrNothing } from './put-plan.js';
import { childPath, readRemotePath } from './remote-paths.js';

/** From where to where, by the rules of `mv`. Errors: NOT_A_DIRECTORY, NOT_FOUND, USAGE. */
export async function planMove(
  calls: FilesCalls,
  sources: readonly string[],
  destination: string,
  signal: AbortSignal,
): Promise<readonly { readonly from: string; readonly to: string }[]> {
  const { path, asFolder } = readRemotePath(destination);
  const existing = await statOrNothing(calls, path, signal);
  const intoIt = existing?.kind === 'directory' || asFolder || sources.length > 1;
  if (intoIt && existing === undefined) {
    throw new CollectiveError('NOT_FOUND', `There is no folder ${path} to move into.`, {
      next: `collective mkdir ${path}`,
      details: { path },
    });
  }
  if (intoIt && existing?.kind !== 'directory')
    throw new CollectiveError('NOT_A_DIRECTORY', `${path} is not a folder.`, { details: { path } });
  return sources.map((source) => {
    const from = readRemotePath(source);
    if (from.name === '') throw new CollectiveError('USAGE', 'The root cannot be moved.');
    return { from: from.path, to: intoIt ? childPath(path, from.name) : path };
  });
}

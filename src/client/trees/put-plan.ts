import { CollectiveError, isCollectiveError } from '../../base/index.js';
import type { FilesCalls } from '../calls/files-calls.js';
import type { Entry } from '../entry.js';
import type { LocalFiles } from '../local/local-files.js';
import { nameOf, type LocalRoot } from './local-tree.js';
import { childPath, isRoot, parentPath, readRemotePath } from './remote-paths.js';

/**
 * Where each source goes, by the rules of `cp -r`: into the destination if that is a folder, is written with a slash at its end,
 * or there are several sources; else to the destination itself. Missing folders are made. Errors: NOT_FOUND for a source, USAGE,
 * NOT_A_DIRECTORY, IS_A_DIRECTORY.
 */
export async function planPut(
  ports: { readonly local: LocalFiles; readonly calls: FilesCalls },
  sources: readonly string[],
  destination: string,
  signal: AbortSignal,
): Promise<readonly LocalRoot[]> {
  const { path, asFolder } = readRemotePath(destination);
  const existing = await statOrNothing(ports.calls, path, signal);
  const intoIt = existing?.kind === 'directory' || asFolder || sources.length > 1;
  if (intoIt && existing !== undefined && existing.kind !== 'directory') throw notADirectory(path);
  const roots: LocalRoot[] = [];
  for (const source of sources) {
    const entry = await ports.local.describe(source, 'follow');
    if (entry === undefined)
      throw new CollectiveError('NOT_FOUND', `There is no ${source} on this machine.`, {
        next: 'Check the name: local paths come first, and the last path is the remote one.',
        details: { path: source },
      });
    const name = nameOf(source);
    // `put . /photos` and `put photos/. /photos` mean what is inside.
    const target = intoIt && name !== undefined ? childPath(path, name) : path;
    if (entry.kind === 'directory' && target === path && existing !== undefined && existing.kind !== 'directory')
      throw notADirectory(path);
    if (entry.kind !== 'directory' && isRoot(target))
      throw new CollectiveError('IS_A_DIRECTORY', 'A file cannot take the place of the root.');
    roots.push({ source, path: target, entry });
  }
  refuseDoubles(roots);
  return roots;
}

/** The remote path that all of them are at or below. */
export function topOf(roots: readonly LocalRoot[]): string {
  const [first, ...others] = roots;
  if (first === undefined) return '/';
  return others.length === 0 ? first.path : parentPath(first.path);
}

/** Undefined where nothing stands. */
export async function statOrNothing(calls: FilesCalls, path: string, signal: AbortSignal): Promise<Entry | undefined> {
  try {
    return await calls.stat(path, signal);
  } catch (error) {
    if (isCollectiveError(error) && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

function refuseDoubles(roots: readonly LocalRoot[]): void {
  const taken = new Map<string, string>();
  for (const { path, source } of roots) {
    const other = taken.get(path);
    if (other !== undefined) {
      throw new CollectiveError('USAGE', `${other} and ${source} would both become ${path}.`, {
        next: 'Put them one after the other.',
      });
    }
    taken.set(path, source);
  }
}

const notADirectory = (path: string): CollectiveError =>
  new CollectiveError('NOT_A_DIRECTORY', `${path} is not a folder.`, { details: { path } });

import { join, resolve } from 'node:path';
import { CollectiveError } from '../../base/index.js';
import type { FilesCalls } from '../calls/files-calls.js';
import type { Entry } from '../entry.js';
import type { LocalFiles } from '../local/local-files.js';
import { readRemotePath } from './remote-paths.js';

/** A remote thing and the local path that it is to have. */
export interface RemoteRoot {
  readonly entry: Entry;
  readonly target: string;
}

/** Where each source goes, by the rules of `cp -r`; see planPut. Errors: NOT_FOUND for a source, USAGE, NOT_A_DIRECTORY. */
export async function planGet(
  ports: { readonly local: LocalFiles; readonly calls: Pick<FilesCalls, 'stat'> },
  sources: readonly string[],
  destination: string,
  signal: AbortSignal,
): Promise<readonly RemoteRoot[]> {
  const existing = await ports.local.describe(resolve(destination), 'follow');
  const intoIt = existing?.kind === 'directory' || destination.endsWith('/') || sources.length > 1;
  if (intoIt && existing !== undefined && existing.kind !== 'directory') throw notADirectory(destination);
  const roots: RemoteRoot[] = [];
  for (const source of sources) {
    const { path, name } = readRemotePath(source);
    const entry = await ports.calls.stat(path, signal);
    // The root has no name: what is in it goes straight into the destination.
    const target = resolve(intoIt && name !== '' ? join(destination, name) : destination);
    await checkFits(ports.local, entry, target);
    roots.push({ entry, target });
  }
  const taken = new Map<string, string>();
  for (const { entry, target } of roots) {
    const other = taken.get(target);
    if (other !== undefined) throw new CollectiveError('USAGE', `${other} and ${entry.path} would both become ${target}.`);
    taken.set(target, entry.path);
  }
  return roots;
}

async function checkFits(local: LocalFiles, entry: Entry, target: string): Promise<void> {
  const there = await local.describe(target, 'follow');
  if (there === undefined) return;
  if (entry.kind === 'directory' && there.kind !== 'directory') throw notADirectory(target);
  if (entry.kind !== 'directory' && there.kind === 'directory') {
    throw new CollectiveError('IS_A_DIRECTORY', `${target} is a folder; ${entry.path} is not.`, { details: { path: target } });
  }
}

const notADirectory = (path: string): CollectiveError =>
  new CollectiveError('NOT_A_DIRECTORY', `${path} is not a folder.`, { details: { path } });

import { basename, join } from 'node:path';
import { checkName, CollectiveError, LIMITS } from '../../base/index.js';
import { isFileSystemError } from '../../ports/index.js';
import { fileProblem } from '../local/file-problem.js';
import type { LocalEntry, LocalFiles } from '../local/local-files.js';
import type { DirectoryItem, UploadItem } from '../upload/upload-item.js';
import { childPath } from './remote-paths.js';

/** One thing on this machine and the remote path that it is to have. */
export interface LocalRoot {
  readonly source: string;
  readonly path: string;
  /** What it is, symlinks followed. */
  readonly entry: LocalEntry;
}

/** What is at the roots and below them, a directory before its content; symlinks below them stay symlinks. */
export async function* localItems(local: LocalFiles, roots: Iterable<LocalRoot>): AsyncGenerator<UploadItem, void> {
  for (const { source, path, entry } of roots) yield* itemsAt(local, source, path, entry, 0);
}

export interface TreeTotals {
  readonly files: number;
  readonly bytes: number;
  /** On this machine's disks. */
  readonly allocatedBytes: number;
  readonly directories: readonly DirectoryItem[];
}

/** Walks all of it without reading a file. Error: LIMIT_EXCEEDED. */
export async function measure(items: AsyncIterable<UploadItem>): Promise<TreeTotals> {
  let files = 0;
  let bytes = 0;
  let allocatedBytes = 0;
  const directories: DirectoryItem[] = [];
  for await (const item of items) {
    if (item.kind === 'file') {
      files += 1;
      bytes += item.bytes;
      allocatedBytes += Math.min(item.bytes, item.allocatedBytes);
    }
    if (item.kind !== 'directory') continue;
    directories.push(item);
    if (directories.length > LIMITS.directoriesPerTransfer) throw tooManyDirectories();
  }
  return { files, bytes, allocatedBytes, directories };
}

export const tooManyDirectories = (): CollectiveError =>
  new CollectiveError('LIMIT_EXCEEDED', `There are more than ${LIMITS.directoriesPerTransfer} folders.`, {
    next: 'Transfer the tree in parts.',
  });

async function* itemsAt(
  local: LocalFiles,
  source: string,
  path: string,
  entry: LocalEntry,
  depth: number,
): AsyncGenerator<UploadItem, void> {
  const { kind, mode, modified } = entry;
  switch (kind) {
    case 'file':
      yield {
        kind,
        path,
        source,
        bytes: entry.bytes,
        allocatedBytes: entry.allocatedBytes,
        open: () => local.openForReading(source),
      };
      return;
    case 'symlink':
      yield { kind, path, target: await local.readLink(source), modified };
      return;
    case 'other':
      yield problem(
        path,
        new CollectiveError('UNSUPPORTED', `${source} is neither a file, a folder nor a symlink.`, {
          details: { path: source },
        }),
      );
      return;
    case 'directory':
      yield { kind, path, mode, modified };
      yield* contentOf(local, source, path, depth);
  }
}

async function* contentOf(local: LocalFiles, source: string, path: string, depth: number): AsyncGenerator<UploadItem, void> {
  if (depth >= LIMITS.pathDepth) {
    yield problem(path, new CollectiveError('LIMIT_EXCEEDED', `${source} is deeper than ${LIMITS.pathDepth} levels.`));
    return;
  }
  for await (const name of namesIn(local, source, path)) {
    if (typeof name !== 'string') {
      yield name;
      continue;
    }
    const child = join(source, name);
    const remote = childPath(path, name);
    try {
      const entry = await local.describe(child, 'keep');
      if (entry !== undefined) yield* itemsAt(local, child, remote, entry, depth + 1);
    } catch (thrown) {
      yield problem(remote, problemOf(thrown, child));
    }
  }
}

/** Names that can be stored; the others as problems. */
async function* namesIn(local: LocalFiles, source: string, path: string): AsyncGenerator<string | UploadItem, void> {
  try {
    for await (const found of local.list(source)) {
      if (!('name' in found)) {
        yield problem(
          childPath(path, found.shown),
          new CollectiveError('NAME_INVALID', `${join(source, found.shown)} ${found.problem}.`),
        );
        continue;
      }
      const checked = checkName(found.name);
      if (checked.ok) yield found.name;
      else yield problem(childPath(path, found.name), checked.error);
    }
  } catch (thrown) {
    yield problem(path, problemOf(thrown, source));
  }
}

function problemOf(thrown: unknown, source: string): CollectiveError {
  const error = isFileSystemError(thrown) ? fileProblem(thrown, source) : undefined;
  if (error === undefined) throw thrown;
  return error;
}

const problem = (path: string, error: CollectiveError): UploadItem => ({ kind: 'problem', path, error });

/** The name that a copy gets; undefined where the text names a place and not a thing: `.`, `..`, `/`, `photos/.`. */
export function nameOf(source: string): string | undefined {
  const name = basename(source);
  return name === '' || name === '.' || name === '..' || name === '/' ? undefined : name;
}

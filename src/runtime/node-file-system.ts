import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rmdir, stat, statfs, unlink, type FileHandle as NodeHandle } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { FileSystemError, type FileHandle, type FileStat, type FileSystem, type OpenMode } from '../ports/index.js';
import { AlignedSlabs } from './aligned-slabs.js';
import { attempt, errnoOf } from './file-system-failure.js';
import { NodeFileHandle } from './node-file-handle.js';

const FLAGS: Readonly<Record<OpenMode, number>> = {
  read: constants.O_RDONLY,
  'read-write': constants.O_RDWR,
  'create-new': constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
};
/** Absent where the operating system has no such flag. */
const DIRECT: number | undefined = constants.O_DIRECT;

export interface NodeFileSystemOptions {
  /** False opens everything buffered. Default: true. */
  readonly directWrites?: boolean;
  /** Called once for each file that was asked for as `direct` and is written buffered after all. */
  readonly onDirectRefused?: (path: string) => void;
}

/** The file system of this machine. */
export class NodeFileSystem implements FileSystem {
  readonly #slabs = new AlignedSlabs();
  readonly #directWrites: boolean;
  readonly #onDirectRefused: (path: string) => void;

  constructor(options: NodeFileSystemOptions = {}) {
    this.#directWrites = options.directWrites ?? true;
    this.#onDirectRefused = options.onDirectRefused ?? (() => undefined);
  }

  open(path: string, mode: OpenMode, options: { readonly direct?: boolean } = {}): Promise<FileHandle> {
    return onPath('open', path, async () => {
      const flags = FLAGS[mode];
      const wanted = options.direct === true && this.#directWrites && mode !== 'read';
      if (!wanted) return new NodeFileHandle(path, await open(path, flags, 0o600), false, this.#onDirectRefused);
      const direct = DIRECT === undefined ? undefined : await openDirect(path, flags | DIRECT);
      if (direct !== undefined) return new NodeFileHandle(path, direct, true, this.#onDirectRefused);
      // Linux may have created the file before it refused the flag; that it is new has been settled.
      const handle = await open(path, DIRECT === undefined ? flags : flags & ~constants.O_EXCL, 0o600);
      this.#onDirectRefused(path);
      return new NodeFileHandle(path, handle, false, this.#onDirectRefused);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return onPath('rename', from, () => onPath('rename', to, () => rename(from, to)));
  }

  unlink(path: string): Promise<void> {
    return onPath('unlink', path, () => unlink(path));
  }

  makeDirectory(path: string): Promise<void> {
    return onPath('makeDirectory', path, () => mkdir(path, 0o700));
  }

  removeDirectory(path: string): Promise<void> {
    return onPath('removeDirectory', path, () => rmdir(path));
  }

  readDirectory(path: string): Promise<readonly string[]> {
    return onPath('readDirectory', path, () => readdir(path));
  }

  syncDirectory(path: string): Promise<void> {
    return onPath('syncDirectory', path, async () => {
      const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    });
  }

  stat(path: string): Promise<FileStat> {
    return onPath('stat', path, async () => {
      const found = await stat(path);
      return {
        kind: found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other',
        bytes: found.size,
        mode: found.mode & 0o7777,
        modifiedMs: found.mtimeMs,
      };
    });
  }

  space(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    return onPath('space', path, async () => {
      const found = await statfs(path);
      return { freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize };
    });
  }

  alignedBuffer(bytes: number): Uint8Array {
    return this.#slabs.take(bytes);
  }
}

function onPath<Value>(operation: string, path: string, run: () => Promise<Value>): Promise<Value> {
  if (!isAbsolute(path)) return Promise.reject(new FileSystemError('EINVAL', operation, path));
  return attempt(operation, path, run);
}

/** Undefined where the file system knows no direct writes. */
async function openDirect(path: string, flags: number): Promise<NodeHandle | undefined> {
  try {
    return await open(path, flags, 0o600);
  } catch (error) {
    if (errnoOf(error) !== 'EINVAL') throw error;
    return undefined;
  }
}

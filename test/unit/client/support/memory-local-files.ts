import { dirname, resolve } from 'node:path';
import type {
  FileTime,
  LocalAttributes,
  LocalEntry,
  LocalFiles,
  LocalName,
  LocalReader,
  LocalWriter,
} from '../../../../src/client/index.js';
import { FileSystemError } from '../../../../src/ports/index.js';

type Thing =
  | { readonly kind: 'file'; bytes: Uint8Array; mode: number; modified: FileTime; changes: number }
  | { readonly kind: 'directory'; mode: number; modified: FileTime }
  | { readonly kind: 'symlink'; readonly target: string; mode: number; modified: FileTime }
  | { readonly kind: 'other'; mode: number; modified: FileTime };

const TIME: FileTime = { seconds: 1_700_000_000, nanoseconds: 250_000_000 };

/** The files of a machine, in memory. Absolute paths; a directory must be made before what is in it. */
export class MemoryLocalFiles implements LocalFiles {
  readonly things = new Map<string, Thing>([['/', { kind: 'directory', mode: 0o755, modified: TIME }]]);
  /** Called before each read, with the file's path: the place to change it meanwhile. */
  onRead: (path: string, position: number) => void = () => undefined;
  /** Errno of every write from now on. */
  writeFails: string | undefined;
  /** What was left of files that were not finished, by the path that they were for. */
  readonly partial = new Map<string, Uint8Array>();
  /** Files that were being written and are neither finished nor left nor discarded. */
  unfinished = 0;
  syncs = 0;
  readonly unreadable = new Set<string>();

  addFile(path: string, bytes: Uint8Array | string, mode = 0o644, modified = TIME): void {
    const content = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
    this.things.set(path, { kind: 'file', bytes: content, mode, modified, changes: 0 });
  }

  addDirectory(path: string, mode = 0o755, modified = TIME): void {
    this.things.set(path, { kind: 'directory', mode, modified });
  }

  addSymlink(path: string, target: string): void {
    this.things.set(path, { kind: 'symlink', target, mode: 0o777, modified: TIME });
  }

  addOther(path: string): void {
    this.things.set(path, { kind: 'other', mode: 0o644, modified: TIME });
  }

  contentOf(path: string): Uint8Array | undefined {
    const thing = this.things.get(path);
    return thing?.kind === 'file' ? thing.bytes : undefined;
  }

  /** Overwrites a file in place, as another program would. */
  change(path: string, bytes: Uint8Array): void {
    const thing = this.#file(path);
    thing.bytes = bytes;
    thing.changes += 1;
  }

  async describe(path: string, links: 'follow' | 'keep'): Promise<LocalEntry | undefined> {
    if (this.unreadable.has(path)) throw new FileSystemError('EACCES', 'stat', path);
    const thing = this.things.get(resolve(path));
    if (thing === undefined) return undefined;
    if (thing.kind === 'symlink' && links === 'follow') return this.describe(thing.target, links);
    const bytes = thing.kind === 'file' ? thing.bytes.length : 0;
    return { kind: thing.kind, bytes, allocatedBytes: bytes, mode: thing.mode, modified: thing.modified };
  }

  async *list(directory: string): AsyncGenerator<LocalName, void> {
    const folder = resolve(directory);
    if (this.things.get(folder)?.kind !== 'directory') throw new FileSystemError('ENOTDIR', 'list', directory);
    for (const path of this.things.keys()) {
      if (path !== '/' && dirname(path) === folder) yield { name: path.slice(path.lastIndexOf('/') + 1) };
    }
  }

  async readLink(path: string): Promise<string> {
    const thing = this.things.get(path);
    if (thing?.kind !== 'symlink') throw new FileSystemError('EINVAL', 'readlink', path);
    return thing.target;
  }

  async openForReading(path: string): Promise<LocalReader> {
    const file = this.#file(path);
    const { bytes, changes, mode, modified } = file;
    return {
      bytes: bytes.length,
      attributes: { mode, modified },
      read: async (buffer, position) => {
        this.onRead(path, position);
        const part = file.bytes.subarray(position, position + buffer.length);
        buffer.set(part);
        return part.length;
      },
      unchanged: async () => file.changes === changes,
      close: () => Promise.resolve(),
    };
  }

  async create(path: string, bytes: number): Promise<LocalWriter> {
    if (this.things.get(path)?.kind === 'directory') throw new FileSystemError('EISDIR', 'create', path);
    if (this.things.get(dirname(path))?.kind !== 'directory') throw new FileSystemError('ENOENT', 'create', path);
    this.unfinished += 1;
    const left = this.partial.get(path) ?? new Uint8Array();
    this.partial.delete(path);
    const content = new Uint8Array(Math.max(bytes, left.length));
    content.set(left);
    return {
      leftBytes: left.length,
      recall: async (buffer, position) => {
        const part = left.subarray(position, position + buffer.length);
        buffer.set(part);
        return part.length;
      },
      clear: async (length, position) => {
        content.fill(0, position, position + length);
      },
      write: async (part, _padded, position) => {
        if (this.writeFails !== undefined) throw new FileSystemError(this.writeFails, 'write', path);
        content.set(part, position);
      },
      finish: async (length, { mode, modified }) => {
        this.unfinished -= 1;
        this.syncs += 1;
        this.addFile(path, content.slice(0, length), mode, modified);
      },
      leave: async () => {
        this.unfinished -= 1;
        this.partial.set(path, content);
      },
      discard: async () => {
        this.unfinished -= 1;
      },
    };
  }

  async makeDirectory(path: string): Promise<void> {
    const there = this.things.get(path);
    if (there?.kind === 'directory') return;
    if (there !== undefined) throw new FileSystemError('EEXIST', 'mkdir', path);
    await this.makeDirectory(dirname(path));
    this.addDirectory(path, 0o700);
  }

  async makeSymlink(path: string, target: string, modified: FileTime): Promise<void> {
    this.things.set(path, { kind: 'symlink', target, mode: 0o777, modified });
  }

  async setAttributes(path: string, { mode, modified }: LocalAttributes): Promise<void> {
    const thing = this.things.get(path);
    if (thing === undefined) throw new FileSystemError('ENOENT', 'chmod', path);
    thing.mode = mode;
    thing.modified = modified;
  }

  async remove(path: string): Promise<void> {
    for (const each of this.things.keys()) if (each === path || each.startsWith(`${path}/`)) this.things.delete(each);
  }

  alignedBuffer(bytes: number): Uint8Array {
    return new Uint8Array(bytes);
  }

  #file(path: string): Thing & { readonly kind: 'file' } {
    const thing = this.things.get(resolve(path));
    if (thing?.kind === 'symlink') return this.#file(thing.target);
    if (thing?.kind !== 'file') throw new FileSystemError(thing === undefined ? 'ENOENT' : 'EISDIR', 'open', path);
    return thing;
  }
}

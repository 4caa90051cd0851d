import { FileSystemError, type FileHandle, type FileStat, type FileSystem, type OpenMode } from '../../../src/ports/index.js';
import { FileContent, type Survival } from './file-content.js';
import { SimFileHandle } from './file-handle.js';
import { FileSystemFaults, type FileSystemOperation } from './file-system-faults.js';
import { Folder, type FileItem, type Item } from './folder.js';
import { SeededRandom } from './random.js';
import type { SimTime } from './time.js';

export interface SimFileSystemOptions {
  /** Default: seed 1. */
  readonly random?: SeededRandom;
  /** Of all contents together, each rounded up to 4096. Default: 1 TB. */
  readonly capacityBytes?: number;
  /** With it every operation takes up to `latencyMs` of virtual time, so that concurrent ones overtake each other. */
  readonly time?: SimTime;
  readonly latencyMs?: number;
  /** The same for syncs, which take longest. Default: `latencyMs`. */
  readonly syncLatencyMs?: number;
  /** Told of each file whose content has just become durable. */
  readonly onSynced?: (path: string) => void;
}

const BLOCK_BYTES = 4096;
const TURNS_MAX = 40;
const DEFAULT_CAPACITY_BYTES = 1_000_000_000_000;

/**
 * A disk in memory that forgets, at `crash`, what nobody made durable: contents without `sync`, names without
 * `syncDirectory`. The root `/` is there from the start. Not reentrant over a crash: what still runs on the old instance
 * fails with ESHUTDOWN and changes nothing.
 */
export class SimFileSystem implements FileSystem {
  readonly faults = new FileSystemFaults();
  readonly #options: SimFileSystemOptions;
  readonly #random: SeededRandom;
  readonly #root: Folder;
  readonly #aligned = new WeakSet<ArrayBufferLike>();
  #off = false;
  #opens = 0;

  constructor(options: SimFileSystemOptions = {}, root = new Folder()) {
    this.#options = options;
    this.#random = options.random ?? new SeededRandom(1);
    this.#root = root;
  }

  /** Handles that are open now. */
  get openHandles(): number {
    return this.#opens;
  }

  /** The power goes; the result is what the disk holds after it came back. Default of `survival`: `random`. */
  crash(survival: Survival = 'random'): SimFileSystem {
    this.#off = true;
    return new SimFileSystem(this.#options, this.#root.crash(survival, this.#random));
  }

  /** The process dies, the machine does not: nothing is lost, but the old instance and its handles are dead. */
  killProcess(): SimFileSystem {
    this.#off = true;
    return new SimFileSystem(this.#options, this.#root);
  }

  /** A disk of its own that holds the same; this one goes on. With `nothing` it is what a power cut now would leave for certain. */
  copy(survival: Exclude<Survival, 'random'>, options: SimFileSystemOptions = {}): SimFileSystem {
    return new SimFileSystem(options, this.#root.crash(survival, this.#random));
  }

  /** The absolute paths of all files below a folder, in order of their names; none where it is missing. */
  filesBelow(path: string): readonly string[] {
    const found: string[] = [];
    const visit = (folder: Folder, prefix: string): void => {
      for (const [name, item] of folder.names) {
        if (item.kind === 'directory') visit(item, `${prefix}/${name}`);
        else found.push(`${prefix}/${name}`);
      }
    };
    const folder = this.#itemIfThere(path);
    if (folder?.kind === 'directory') visit(folder, path === '/' ? '' : path);
    return found.sort();
  }

  /** What programs would read from a file now; not a copy. Undefined where there is no such file. */
  contentOf(path: string): Uint8Array | undefined {
    const item = this.#itemIfThere(path);
    return item?.kind === 'file' ? item.content.seen() : undefined;
  }

  /** What of a file a power cut now would leave for certain; not a copy. Undefined where its name is not durable. */
  durableContentOf(path: string): Uint8Array | undefined {
    let folder: Folder = this.#root;
    const names = path.split('/').filter((part) => part !== '');
    for (const [index, name] of names.entries()) {
      const item = folder.durable(name);
      if (item?.kind === 'file') return index === names.length - 1 ? item.content.durable() : undefined;
      if (item === undefined) return undefined;
      folder = item;
    }
    return undefined;
  }

  /** Flips one bit of a file, seen and durable; by default one chosen at random. */
  flipBit(path: string, position?: number): void {
    const { content } = this.#file('flipBit', path);
    const bit = 1 << this.#random.integer(8);
    content.damage(position ?? this.#random.integer(Math.max(1, content.length)), (byte) => byte ^ bit);
  }

  open(path: string, mode: OpenMode, options: { readonly direct?: boolean } = {}): Promise<FileHandle> {
    return this.#run('open', path, () => {
      const { folder, name } = this.#parent('open', path);
      const found = folder.names.get(name);
      if (mode === 'create-new') {
        if (found !== undefined) throw new FileSystemError('EEXIST', 'open', path);
        const item: FileItem = { kind: 'file', content: new FileContent(), modifiedMs: 0 };
        folder.change({ kind: 'put', name, item });
        return this.#handle(path, item, true, options.direct === true);
      }
      if (found === undefined) throw new FileSystemError('ENOENT', 'open', path);
      if (found.kind === 'directory') throw new FileSystemError('EISDIR', 'open', path);
      return this.#handle(path, found, mode === 'read-write', options.direct === true);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#run('rename', from, () => {
      checkPath('rename', to);
      const source = this.#parent('rename', from);
      const target = this.#parent('rename', to);
      const item = source.folder.names.get(source.name);
      if (item === undefined) throw new FileSystemError('ENOENT', 'rename', from);
      if (source.folder === target.folder && source.name === target.name) return;
      checkReplaceable(item, target.folder.names.get(target.name), to);
      if (source.folder === target.folder) {
        source.folder.change({ kind: 'rename', from: source.name, to: target.name, item });
      } else {
        target.folder.change({ kind: 'put', name: target.name, item });
        source.folder.change({ kind: 'delete', name: source.name });
      }
    });
  }

  unlink(path: string): Promise<void> {
    return this.#run('unlink', path, () => {
      this.#file('unlink', path);
      const { folder, name } = this.#parent('unlink', path);
      folder.change({ kind: 'delete', name });
    });
  }

  makeDirectory(path: string): Promise<void> {
    return this.#run('makeDirectory', path, () => {
      const { folder, name } = this.#parent('makeDirectory', path);
      if (folder.names.has(name)) throw new FileSystemError('EEXIST', 'makeDirectory', path);
      folder.change({ kind: 'put', name, item: new Folder() });
    });
  }

  removeDirectory(path: string): Promise<void> {
    return this.#run('removeDirectory', path, () => {
      if (this.#folder('removeDirectory', path).names.size > 0) throw new FileSystemError('ENOTEMPTY', 'removeDirectory', path);
      const { folder, name } = this.#parent('removeDirectory', path);
      folder.change({ kind: 'delete', name });
    });
  }

  readDirectory(path: string): Promise<readonly string[]> {
    return this.#run('readDirectory', path, () => [...this.#folder('readDirectory', path).names.keys()]);
  }

  async syncDirectory(path: string): Promise<void> {
    const folder = this.#folder('syncDirectory', path);
    const covered = folder.changes;
    const failed = (): void => folder.failSync(covered);
    await this.#run('syncDirectory', path, () => folder.sync(covered), failed);
  }

  stat(path: string): Promise<FileStat> {
    return this.#run('stat', path, () => {
      const item = this.#item('stat', path);
      if (item.kind === 'directory') return { kind: 'directory', bytes: 0, mode: 0o700, modifiedMs: 0 };
      return { kind: 'file', bytes: item.content.length, mode: 0o600, modifiedMs: item.modifiedMs };
    });
  }

  space(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    return this.#run('space', path, () => {
      this.#item('space', path);
      const totalBytes = this.#options.capacityBytes ?? DEFAULT_CAPACITY_BYTES;
      return { freeBytes: Math.max(0, totalBytes - usedBytes(this.#root)), totalBytes };
    });
  }

  alignedBuffer(bytes: number): Uint8Array {
    if (bytes <= 0 || bytes % BLOCK_BYTES !== 0) throw new RangeError(`not a multiple of ${BLOCK_BYTES}: ${bytes}`);
    const buffer = new Uint8Array(bytes);
    this.#aligned.add(buffer.buffer);
    return buffer;
  }

  #handle(path: string, item: FileItem, writable: boolean, direct: boolean): FileHandle {
    this.#opens += 1;
    return new SimFileHandle(
      {
        run: (operation, effect, failed) => this.#run(operation, path, effect, failed),
        room: () => this.#room(),
        isAligned: (bytes) => bytes.byteOffset % BLOCK_BYTES === 0 && this.#aligned.has(bytes.buffer),
        nowMs: () => this.#options.time?.nowMs ?? 0,
        closed: () => {
          this.#opens -= 1;
        },
      },
      { path, item, writable, direct },
    );
  }

  /** Every operation passes here: it may take time, be counted, or fail; then it has its effect at once. */
  async #run<Value>(
    operation: FileSystemOperation,
    path: string,
    effect: () => Value,
    failed = (): void => undefined,
  ): Promise<Value> {
    checkPath(operation, path);
    await this.#delay(operation);
    if (this.#off || this.faults.powerIsCut) throw new FileSystemError('ESHUTDOWN', operation, path);
    try {
      this.faults.begin(operation, path);
    } catch (error) {
      if (!this.faults.powerIsCut) failed();
      throw error;
    }
    const value = effect();
    if (operation === 'sync') this.#options.onSynced?.(path);
    return value;
  }

  /** Operations that run side by side overtake each other, in virtual time or within one turn of the event loop. */
  async #delay(operation: FileSystemOperation): Promise<void> {
    const { time, latencyMs = 0, syncLatencyMs = latencyMs } = this.#options;
    if (time === undefined || latencyMs === 0) {
      for (let turns = this.#random.integer(TURNS_MAX); turns > 0; turns -= 1) await Promise.resolve();
      return;
    }
    await new Promise<void>((resolve) => {
      const mostMs = operation === 'sync' || operation === 'syncDirectory' ? syncLatencyMs : latencyMs;
      time.schedule(this.#random.fraction() * mostMs, resolve);
    });
  }

  #room(): number {
    const { capacityBytes } = this.#options;
    return capacityBytes === undefined ? Number.POSITIVE_INFINITY : capacityBytes - usedBytes(this.#root);
  }

  #item(operation: string, path: string): Item {
    let item: Item = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (item.kind !== 'directory') throw new FileSystemError('ENOTDIR', operation, path);
      const next = item.names.get(name);
      if (next === undefined) throw new FileSystemError('ENOENT', operation, path);
      item = next;
    }
    return item;
  }

  #itemIfThere(path: string): Item | undefined {
    let item: Item | undefined = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      item = item?.kind === 'directory' ? item.names.get(name) : undefined;
    }
    return item;
  }

  #file(operation: string, path: string): FileItem {
    const item = this.#item(operation, path);
    if (item.kind === 'directory') throw new FileSystemError('EISDIR', operation, path);
    return item;
  }

  #folder(operation: string, path: string): Folder {
    const item = this.#item(operation, path);
    if (item.kind !== 'directory') throw new FileSystemError('ENOTDIR', operation, path);
    return item;
  }

  #parent(operation: string, path: string): { readonly folder: Folder; readonly name: string } {
    const names = path.split('/').filter((part) => part !== '');
    const name = names.pop();
    if (name === undefined) throw new FileSystemError('EEXIST', operation, path);
    return { folder: this.#folder(operation, `/${names.join('/')}`), name };
  }
}

function checkPath(operation: string, path: string): void {
  if (!path.startsWith('/') || path.includes('\0')) throw new FileSystemError('EINVAL', operation, path);
}

function checkReplaceable(item: Item, replaced: Item | undefined, path: string): void {
  if (replaced === undefined) return;
  if (replaced.kind === 'file') {
    if (item.kind === 'directory') throw new FileSystemError('ENOTDIR', 'rename', path);
    return;
  }
  if (item.kind === 'file') throw new FileSystemError('EISDIR', 'rename', path);
  if (replaced.names.size > 0) throw new FileSystemError('ENOTEMPTY', 'rename', path);
}

function usedBytes(folder: Folder): number {
  let bytes = 0;
  for (const item of folder.names.values()) {
    bytes += item.kind === 'directory' ? usedBytes(item) : Math.ceil(item.content.length / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return bytes;
}

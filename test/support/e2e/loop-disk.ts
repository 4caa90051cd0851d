import { execFile } from 'node:child_process';
import { mkdir, open, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MiB = 1024 * 1024;
const FILLER = '.filler';

/**
 * A small ext4 file system on a loop device, which can be made full or made to fail. Needs root. Its image lies on a file system
 * of its own, on another loop device: there it can be made immutable, so that every write of the disk fails with EIO.
 */
export class LoopDisk {
  /** Where it is mounted. */
  readonly path: string;
  readonly #outer: string;
  readonly #image: string;
  readonly #mounted: string[] = [];

  private constructor(folder: string) {
    this.path = join(folder, 'disk');
    this.#outer = join(folder, 'outer');
    this.#image = join(this.#outer, 'image');
  }

  /** `folder` is new. `inodes`: how many files it has room for. */
  static async create(folder: string, options: { readonly bytes: number; readonly inodes?: number }): Promise<LoopDisk> {
    const disk = new LoopDisk(folder);
    try {
      await mkdir(disk.path, { recursive: true });
      await mkdir(disk.#outer);
      const outerImage = join(folder, 'outer-image');
      await disk.#make(outerImage, options.bytes + 32 * MiB, []);
      await disk.#mount(outerImage, disk.#outer);
      // Without a journal a failed write of it would end the whole file system, until it is mounted anew.
      const inodes = options.inodes === undefined ? [] : ['-N', String(options.inodes)];
      await disk.#make(disk.#image, options.bytes, ['-O', '^has_journal', ...inodes]);
      await disk.#mount(disk.#image, disk.path);
      return disk;
    } catch (error) {
      await disk.remove();
      throw error;
    }
  }

  /** Takes all the room that is left. */
  async fill(): Promise<void> {
    const file = await open(join(this.path, FILLER), 'w');
    try {
      for (const bytes of [MiB, 4096]) await untilFull(() => file.appendFile(Buffer.alloc(bytes, 1)));
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** Makes as many empty files as it has room for: bytes are left, and no file can be made. */
  async fillWithFiles(): Promise<void> {
    const folder = join(this.path, FILLER);
    await mkdir(folder);
    let files = 0;
    await untilFull(() => writeFile(join(folder, `${(files += 1)}`), ''));
  }

  /** Gives back what `fill` or `fillWithFiles` took. */
  async free(): Promise<void> {
    await rm(join(this.path, FILLER), { recursive: true });
  }

  /** From now on every write to the device fails with EIO. Reads go on. */
  async break(): Promise<void> {
    await run('chattr', ['+i', this.#image]);
  }

  async mend(): Promise<void> {
    await run('chattr', ['-i', this.#image]);
  }

  /** Unmounts it, broken or not. Nobody may have a file open on it. */
  async remove(): Promise<void> {
    if (this.#mounted.includes(this.#outer) && (await readdir(this.#outer)).includes('image')) await this.mend();
    for (const path of this.#mounted.splice(0).reverse()) await run('umount', [path]);
  }

  async #make(image: string, bytes: number, options: readonly string[]): Promise<void> {
    await writeFile(image, '');
    await truncate(image, bytes);
    await run('mkfs.ext4', ['-q', '-F', '-m', '0', ...options, image]);
  }

  async #mount(image: string, path: string): Promise<void> {
    await run('mount', ['-o', 'loop', image, path]);
    this.#mounted.push(path);
  }
}

async function untilFull(write: () => Promise<void>): Promise<void> {
  try {
    for (;;) await write();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}

import { execFile } from 'node:child_process';
import { mkdir, open, rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MiB = 1024 * 1024;
const BLOCK_BYTES = 4096;
const FILLER = '.filler';
const RESERVE = '.reserve';
/** Far less than any put of a test. */
const GIVEN_BACK_BLOCKS_MAX = 16;

/**
 * A small ext4 file system on a loop device, which can be made full or made to fail. Needs root. All that is stored goes into the
 * lower half, where the file system's own tables are. When the disk breaks, that half is full and the upper half is free, and the
 * device ends where the upper half begins: whatever needs a new block fails with EIO, and what is stored stays as it is.
 */
export class LoopDisk {
  /** Where it is mounted. */
  readonly path: string;
  readonly #image: string;
  readonly #bytes: number;
  #device = '';
  #mounted = false;

  private constructor(folder: string, bytes: number) {
    this.path = join(folder, 'disk');
    this.#image = join(folder, 'image');
    this.#bytes = bytes;
  }

  /** `folder` is new. `bytes`: of both halves, at most 128 MiB. `inodes`: how many files it has room for. */
  static async create(folder: string, options: { readonly bytes: number; readonly inodes?: number }): Promise<LoopDisk> {
    const disk = new LoopDisk(folder, options.bytes);
    try {
      await mkdir(disk.path, { recursive: true });
      await writeFile(disk.#image, '');
      await truncate(disk.#image, options.bytes);
      const inodes = options.inodes === undefined ? [] : ['-N', String(options.inodes)];
      const layout = ['-b', String(BLOCK_BYTES), '-O', '^has_journal', '-m', '0', ...inodes];
      await run('mkfs.ext4', ['-q', '-F', ...layout, disk.#image]);
      disk.#device = (await run('losetup', ['--find', '--show', disk.#image])).stdout.trim();
      await run('mount', [disk.#device, disk.path]);
      disk.#mounted = true;
      // Else a part of the room cannot be taken by files, but by folders.
      await writeFile(`/sys/fs/ext4/${basename(disk.#device)}/reserved_clusters`, '0');
      await disk.#reserveUpperHalf();
      return disk;
    } catch (error) {
      await disk.remove();
      throw error;
    }
  }

  /** Takes all the room that is left. */
  fill(): Promise<void> {
    return takeAllRoom(join(this.path, FILLER));
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

  /** From now on every new block fails with EIO, but for the few that its user may have given back in this moment. Once only. */
  async break(): Promise<void> {
    await this.fill();
    await rm(join(this.path, RESERVE));
    await run('sync', ['--file-system', this.path]);
    const { bfree } = await statfs(this.path);
    const lowerFree = bfree - this.#bytes / 2 / BLOCK_BYTES;
    if (lowerFree < 0) throw new Error(`something lies in the upper half: ${-lowerFree} blocks of it are not free`);
    if (lowerFree > GIVEN_BACK_BLOCKS_MAX) throw new Error(`the lower half is not full: ${lowerFree} blocks of it are free`);
    await this.#resize(this.#bytes / 2);
  }

  /** It works again, and has room in both halves. */
  async mend(): Promise<void> {
    await this.#resize(this.#bytes);
    await this.free();
  }

  /** Unmounts it, broken or not. Nobody may have a file open on it. */
  async remove(): Promise<void> {
    if (this.#mounted) await run('umount', [this.path]);
    this.#mounted = false;
    if (this.#device !== '') await run('losetup', ['--detach', this.#device]);
    this.#device = '';
  }

  async #resize(bytes: number): Promise<void> {
    await truncate(this.#image, bytes);
    await run('losetup', ['--set-capacity', this.#device]);
  }

  /** Takes all the room, and gives back what of it lies in the lower half. */
  async #reserveUpperHalf(): Promise<void> {
    const path = join(this.path, RESERVE);
    await takeAllRoom(path);
    const upperBlock = this.#bytes / 2 / BLOCK_BYTES;
    const { stdout } = await run('filefrag', ['-e', `-b${BLOCK_BYTES}`, path]);
    const extents = stdout.matchAll(/^\s*\d+:\s+(\d+)\.\.\s*\d+:\s+(\d+)\.\.\s*\d+:\s+(\d+):/gm);
    for (const [, logical, physical, length] of extents) {
      const lowerBlocks = Math.min(Number(length), upperBlock - Number(physical));
      if (lowerBlocks <= 0) continue;
      const range = ['--offset', String(Number(logical) * BLOCK_BYTES), '--length', String(lowerBlocks * BLOCK_BYTES)];
      await run('fallocate', ['--punch-hole', ...range, path]);
    }
  }
}

async function takeAllRoom(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const bytes of [MiB, BLOCK_BYTES]) await untilFull(() => file.appendFile(Buffer.alloc(bytes, 1)));
    await file.sync();
  } finally {
    await file.close();
  }
}

async function untilFull(write: () => Promise<void>): Promise<void> {
  try {
    for (;;) await write();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}

import { formatSize } from '../../base/index.js';
import type { Clock, FileSystem } from '../../ports/index.js';
import { nodeFull } from './failures.js';

export interface SpaceGuardOptions {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly root: string;
  /** What the owner offers, in bytes of chunks. */
  readonly capacityBytes: number;
  /** What always stays free on the file system: the journal and the index need it to finish what was begun. */
  readonly reserveBytes: number;
  /** Bytes of chunks stored, and of those written and not held yet. */
  readonly usedBytes: () => number;
}

const REFRESH_AFTER_MS = 1_000;
const REFRESH_AFTER_BYTES = 16 * 1024 * 1024;

/** Admits chunks while there is room for them, counting those on their way. */
export class SpaceGuard {
  readonly #options: SpaceGuardOptions;
  #arriving = 0;
  #freeBytes = 0;
  #totalBytes = 0;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #admittedSince = 0;

  constructor(options: SpaceGuardOptions) {
    this.#options = options;
  }

  /** Keeps room for a chunk until `release`, which is called once. Error: NODE_FULL. */
  async admit(lengthBytes: number): Promise<{ release(): void }> {
    const { capacityBytes, usedBytes } = this.#options;
    const wanted = usedBytes() + this.#arriving + lengthBytes;
    if (wanted > capacityBytes) throw nodeFull(`it offers ${formatSize(capacityBytes)} and ${formatSize(usedBytes())} are used`);
    this.#arriving += lengthBytes;
    try {
      await this.#refresh(lengthBytes);
      if (this.#freeBytes - this.#arriving < this.reserveBytes) await this.#read();
      const reserve = this.reserveBytes;
      if (this.#freeBytes - this.#arriving < reserve) {
        throw nodeFull(`its disk has ${formatSize(this.#freeBytes)} free, of which ${formatSize(reserve)} are kept in reserve`);
      }
    } catch (error) {
      this.#arriving -= lengthBytes;
      throw error;
    }
    let released = false;
    return {
      release: () => {
        if (!released) this.#arriving -= lengthBytes;
        released = true;
      },
    };
  }

  /** At most a twentieth of the file system: a small one is for data, too. */
  get reserveBytes(): number {
    return Math.min(this.#options.reserveBytes, Math.floor(this.#totalBytes / 20));
  }

  /** What the file system says now. */
  async free(): Promise<number> {
    await this.#read();
    return this.#freeBytes;
  }

  async #refresh(lengthBytes: number): Promise<void> {
    this.#admittedSince += lengthBytes;
    const ageMs = this.#options.clock.monotonicMs() - this.#readAtMs;
    if (ageMs >= REFRESH_AFTER_MS || this.#admittedSince >= REFRESH_AFTER_BYTES) await this.#read();
    else this.#freeBytes -= lengthBytes;
  }

  async #read(): Promise<void> {
    const space = await this.#options.fileSystem.space(this.#options.root);
    this.#freeBytes = space.freeBytes;
    this.#totalBytes = space.totalBytes;
    this.#readAtMs = this.#options.clock.monotonicMs();
    this.#admittedSince = 0;
  }
}

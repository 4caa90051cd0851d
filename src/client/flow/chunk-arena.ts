import { assert, LIMITS } from '../../base/index.js';
import { cancelled } from './permits.js';

/** A buffer on loan. Whoever holds it gives it back exactly once, and does not touch it afterwards. */
export interface Lease {
  readonly bytes: Uint8Array;
  /** The bytes and the padding behind them, up to a multiple of 4096: what an unbuffered write needs. */
  readonly padded: Uint8Array;
  release(): void;
}

interface Slab {
  readonly memory: Uint8Array;
  used: number;
  leases: number;
}

interface Waiter {
  readonly bytes: number;
  readonly grant: (lease: Lease) => void;
}

const ALIGNMENT_BYTES = 4096;

export interface ArenaOptions {
  /** How many slabs of the largest chunk's size there are at most. */
  readonly slabs: number;
  /** Makes the memory of a slab; called when it is first needed. */
  readonly allocate: (bytes: number) => Uint8Array;
  /** Called when somebody has to wait: time to finish what holds buffers. */
  readonly onPressure?: () => void;
}

/**
 * All the memory that chunks of one transfer take. Large chunks have a slab of their own, small ones share one, which is
 * free again when the last of them has been given back. Waiters are served in order.
 */
export class ChunkArena {
  readonly #options: ArenaOptions;
  readonly #idle: Slab[] = [];
  readonly #waiting: Waiter[] = [];
  #allocated = 0;
  #current: Slab | undefined;

  constructor(options: ArenaOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** `bytes` is at most the largest chunk's. Its content is whatever was there before. Error: CANCELLED while waiting. */
  lease(bytes: number, signal: AbortSignal): Promise<Lease> {
    assert(bytes > 0 && bytes <= LIMITS.chunkBytesLarge, 'a lease is for one chunk');
    if (signal.aborted) return Promise.reject(cancelled());
    const lease = this.#waiting.length === 0 ? this.#cut(bytes) : undefined;
    if (lease !== undefined) return Promise.resolve(lease);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(cancelled());
      };
      const waiter: Waiter = {
        bytes,
        grant: (granted) => {
          signal.removeEventListener('abort', onAbort);
          resolve(granted);
        },
      };
      this.#waiting.push(waiter);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#options.onPressure?.();
    });
  }

  #cut(bytes: number): Lease | undefined {
    const room = Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    if (this.#current === undefined || this.#current.used + room > this.#current.memory.length) {
      const next = this.#takeSlab();
      if (next === undefined) return undefined;
      this.#current = next;
    }
    const slab = this.#current;
    const start = slab.used;
    slab.used += room;
    slab.leases += 1;
    let open = true;
    return {
      bytes: slab.memory.subarray(start, start + bytes),
      padded: slab.memory.subarray(start, start + room),
      release: () => {
        assert(open, 'a lease was given back twice');
        open = false;
        this.#giveBack(slab);
      },
    };
  }

  #takeSlab(): Slab | undefined {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#allocated === this.#options.slabs) return undefined;
    this.#allocated += 1;
    return { memory: this.#options.allocate(LIMITS.chunkBytesLarge), used: 0, leases: 0 };
  }

  #giveBack(slab: Slab): void {
    slab.leases -= 1;
    if (slab.leases > 0) return;
    slab.used = 0;
    if (slab !== this.#current) this.#idle.push(slab);
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const lease = this.#cut(next.bytes);
      if (lease === undefined) return;
      this.#waiting.shift();
      next.grant(lease);
    }
  }
}

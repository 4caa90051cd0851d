import { randomFillSync } from 'node:crypto';
import type { Random } from '../ports/index.js';

/** Cryptographically strong randomness of the operating system. */
export class SystemRandom implements Random {
  bytes(count: number): Uint8Array {
    return randomFillSync(new Uint8Array(count));
  }

  fraction(): number {
    const [high = 0, low = 0] = randomFillSync(new Uint32Array(2));
    return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
  }
}

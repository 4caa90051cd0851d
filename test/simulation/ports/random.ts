import type { Random } from '../../../src/ports/index.js';

/** sfc32 (Chris Doty-Humphrey, PractRand), seeded by any text or number: the same seed, the same sequence, on every machine. */
export class SeededRandom implements Random {
  readonly #state = new Uint32Array(4);
  readonly #seed: string;

  constructor(seed: string | number) {
    this.#seed = String(seed);
    let hash = 0x811c9dc5;
    for (let round = 0; round < 3; round += 1) {
      for (const character of `${round}/${this.#seed}`) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
      this.#state[round] = hash;
    }
    this.#state[3] = 1;
    for (let round = 0; round < 12; round += 1) this.#next();
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let index = 0; index < count; index += 1) bytes[index] = this.#next() >>> 24;
    return bytes;
  }

  fraction(): number {
    return ((this.#next() >>> 5) * 2 ** 26 + (this.#next() >>> 6)) / 2 ** 53;
  }

  /** Uniform in 0 to `below` - 1. */
  integer(below: number): number {
    return Math.floor(this.fraction() * below);
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[this.integer(items.length)] ?? items[0];
  }

  /** An independent sequence for one part, so that what another part draws does not shift it. */
  fork(label: string): SeededRandom {
    return new SeededRandom(`${this.#seed}/${label}`);
  }

  #next(): number {
    const [a = 0, b = 0, c = 0, counter = 0] = this.#state;
    const result = (a + b + counter) >>> 0;
    this.#state[0] = b ^ (b >>> 9);
    this.#state[1] = c + (c << 3);
    this.#state[2] = ((c << 21) | (c >>> 11)) + result;
    this.#state[3] = counter + 1;
    return result;
  }
}

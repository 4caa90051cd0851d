import { createCipheriv, createHash } from 'node:crypto';
import { LIMITS, type ChunkId } from '../../../src/base/index.js';
import { chunkBytesAfter, chunkIdOf, isAllZero, splitFile } from '../../../src/chunks/index.js';
import type { SeededRandom } from '../ports/index.js';
import { hasher } from './fixture.js';

/** Bytes that somebody stores. */
export interface Content {
  readonly label: string;
  readonly bytes: Uint8Array;
  /** Hex SHA-256. */
  readonly hash: string;
}

const ZERO_RUN = 64 * 1024;

/** Every content there ever was in a run, by its hash, and every chunk that could come of one. */
export class Contents {
  readonly #random: SeededRandom;
  readonly #byHash = new Map<string, Content>();
  readonly #made: Content[] = [];
  readonly #chunks = new Map<ChunkId, Uint8Array>();

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** New bytes, or sometimes some that were stored before. */
  next(): Content & { readonly fresh: boolean } {
    const random = this.#random;
    const earlier = this.#made[random.integer(Math.max(1, this.#made.length))];
    if (earlier !== undefined && random.chance(0.15)) return { ...earlier, fresh: false };
    const number = this.#made.length + 1;
    const bytes = this.#fill(this.#size(), number);
    const hash = hashOf(bytes);
    const content = { label: `content ${number} (${bytes.length})`, bytes, hash };
    this.#made.push(content);
    this.#byHash.set(hash, content);
    for (const { offset, length } of splitFile(bytes.length)) this.#learn(bytes.subarray(offset, offset + length));
    for (let offset = 0; offset < bytes.length; ) {
      const run = bytes.subarray(offset, offset + chunkBytesAfter(offset));
      this.#learn(run);
      offset += run.length;
    }
    return { ...content, fresh: true };
  }

  withHash(hash: string): Content | undefined {
    return this.#byHash.get(hash);
  }

  chunk(chunkId: ChunkId): Uint8Array | undefined {
    return this.#chunks.get(chunkId);
  }

  /** Chunks that are short enough to be kept together with others. */
  small(): readonly (readonly [chunkId: ChunkId, bytes: Uint8Array])[] {
    return [...this.#chunks].filter(([, bytes]) => bytes.length <= LIMITS.chunkBytesSmall);
  }

  #size(): number {
    const random = this.#random;
    const kind = random.fraction();
    if (kind < 0.06) return 0;
    if (kind < 0.55) return 1 + random.integer(3000);
    if (kind < 0.75) return random.pick([65_535, 65_536, 65_537, 131_072]);
    if (kind < 0.95) return 1 + random.integer(400_000);
    return random.pick([1_048_576, 1_048_577, 1_500_000, 2_200_000]);
  }

  #fill(length: number, number: number): Uint8Array {
    const random = this.#random;
    const bytes = pseudoRandom(`${random.integer(1 << 30)}/${number}`, length);
    if (!random.chance(0.15)) return bytes;
    for (let start = 0; start < length; start += ZERO_RUN) if (random.chance(0.5)) bytes.fill(0, start, start + ZERO_RUN);
    return bytes;
  }

  #learn(chunk: Uint8Array): void {
    if (!isAllZero(chunk)) this.#chunks.set(chunkIdOf(hasher, chunk), chunk);
  }
}

export const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function pseudoRandom(seed: string, length: number): Uint8Array {
  const key = createHash('sha256').update(seed).digest();
  return new Uint8Array(createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length)));
}

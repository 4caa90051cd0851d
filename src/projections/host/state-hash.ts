import { toHex } from '../../base/index.js';
import type { Hasher } from '../../ports/index.js';

const LANES = 8;
const BYTES = 32;

/**
 * A hash of a set of rows that does not depend on their order: the SHA-256 of every row, added up in eight lanes mod 2^32
 * (an additive multiset hash; Bellare and Micciancio 1997). Adding and taking away one row costs one hash, whatever the
 * number of rows.
 *
 * It finds faults, not forgers: two sets that differ by accident have equal sums once in 2^256. Whoever may choose many
 * rows could search for a collision (Wagner 2002), but the only one who chooses an origin's rows is its own signed log, from
 * which everybody computes them; and `audit replay` compares the rows themselves.
 */
export class StateHash {
  readonly #lanes = new Int32Array(LANES);
  readonly #hasher: Hasher;

  constructor(hasher: Hasher, state?: Uint8Array) {
    this.#hasher = hasher;
    if (state !== undefined) this.#combine(state, 1);
  }

  /** `key` from the byte of the table on. */
  add(key: Uint8Array, row: Uint8Array): void {
    this.#combine(this.#hashOf(key, row), 1);
  }

  remove(key: Uint8Array, row: Uint8Array): void {
    this.#combine(this.#hashOf(key, row), -1);
  }

  /** 32 bytes; zeros for no rows. */
  bytes(): Uint8Array {
    const state = new Uint8Array(BYTES);
    const view = new DataView(state.buffer);
    for (const [index, lane] of this.#lanes.entries()) view.setInt32(index * 4, lane);
    return state;
  }

  hex(): string {
    return toHex(this.bytes());
  }

  #hashOf(key: Uint8Array, row: Uint8Array): Uint8Array {
    return this.#hasher.sha256(Uint8Array.of(key.length >>> 8, key.length & 255), key, row);
  }

  #combine(state: Uint8Array, sign: 1 | -1): void {
    const view = new DataView(state.buffer, state.byteOffset, BYTES);
    for (const [index, lane] of this.#lanes.entries()) this.#lanes[index] = (lane + sign * view.getInt32(index * 4)) | 0;
  }
}

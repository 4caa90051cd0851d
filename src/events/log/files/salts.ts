import type { Random } from '../../../ports/index.js';
import { SALT_BYTES } from '../../chain/index.js';

/** Asking the operating system for each salt alone costs more than all the rest of an event. */
const SALTS_AT_ONCE = 64;

/** Random salts, drawn many at a time; none is handed out twice. */
export class Salts {
  readonly #random: Random;
  #drawn: Uint8Array = new Uint8Array();
  #offset = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  next(): Uint8Array {
    if (this.#offset === this.#drawn.length) {
      this.#drawn = this.#random.bytes(SALTS_AT_ONCE * SALT_BYTES);
      this.#offset = 0;
    }
    this.#offset += SALT_BYTES;
    return this.#drawn.subarray(this.#offset - SALT_BYTES, this.#offset);
  }
}

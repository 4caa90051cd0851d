import { LIMITS, type MemberId } from '../../../base/index.js';
import { parseBlock } from '../../../events/index.js';
import type { Hasher } from '../../../ports/index.js';

type Blocks = readonly [Uint8Array, Uint8Array];

const PROOFS_KEPT = 16;
/** Two blocks, each a little longer than what is in it. */
const PROOF_BYTES = 3 * LIMITS.blockBytes;

/**
 * Pairs of blocks of one log of which others say that they are signed for one place; they may come before what they prove. One for
 * each who says so, so that a false one keeps no true one out.
 */
export class ForkProofs {
  readonly #hasher: Hasher;
  readonly #proofs = new Map<MemberId, { readonly blocks: Blocks; readonly sequence: number }>();

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  add(memberId: MemberId, blocks: Blocks): void {
    const [held, other] = blocks;
    if (held.length + other.length > PROOF_BYTES || (this.#proofs.size >= PROOFS_KEPT && !this.#proofs.has(memberId))) return;
    this.#proofs.set(memberId, { blocks, sequence: Math.max(this.#sequenceOf(held), this.#sequenceOf(other)) });
  }

  /** One that a log which ends here can be held against. */
  take(headSequence: number): { readonly memberId: MemberId; readonly blocks: Blocks } | undefined {
    for (const [memberId, { blocks, sequence }] of this.#proofs) {
      if (sequence > headSequence + 1) continue;
      this.#proofs.delete(memberId);
      return { memberId, blocks };
    }
    return undefined;
  }

  /** Of what cannot be read: at once, since it is refused. */
  #sequenceOf(block: Uint8Array): number {
    const parsed = parseBlock(block, this.#hasher);
    return parsed.ok ? parsed.value.header.firstSequence : 0;
  }
}

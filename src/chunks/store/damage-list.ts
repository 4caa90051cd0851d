import { type ChunkId, LIMITS } from '../../base/index.js';
import type { Logger } from '../../ports/index.js';
import type { IndexKeeper } from './index-keeper.js';
import type { DamagedChunk } from './types.js';

/** The chunks known to be damaged: in memory, and beside the index for the next start. Bounded. */
export class DamageList {
  readonly #index: IndexKeeper;
  readonly #logger: Logger;
  readonly #onRepaired: (chunkIds: readonly ChunkId[]) => void;
  readonly #chunks = new Map<ChunkId, DamagedChunk>();
  #unlisted = 0;

  constructor(index: IndexKeeper, logger: Logger, onRepaired: (chunkIds: readonly ChunkId[]) => void) {
    this.#index = index;
    this.#logger = logger;
    this.#onRepaired = onRepaired;
  }

  async load(signal: AbortSignal): Promise<void> {
    const found = await this.#index.use((index) => index.damage(LIMITS.damagedChunksListed, signal));
    for (const damage of found) this.#chunks.set(damage.chunkId, damage);
  }

  get(chunkId: ChunkId): DamagedChunk | undefined {
    return this.#chunks.get(chunkId);
  }

  get list(): readonly DamagedChunk[] {
    return [...this.#chunks.values()];
  }

  /** Findings that no longer fitted in the list. */
  get unlisted(): number {
    return this.#unlisted;
  }

  async add(damage: DamagedChunk): Promise<void> {
    if (this.#chunks.has(damage.chunkId)) return;
    if (this.#chunks.size >= LIMITS.damagedChunksListed) {
      this.#unlisted += 1;
      return;
    }
    this.#chunks.set(damage.chunkId, damage);
    this.#logger.error('a stored chunk is damaged', { chunkId: damage.chunkId, reason: damage.reason });
    await this.#persist((keeper) => keeper.use((index) => index.putDamage(damage)));
  }

  /** Undamaged bytes are in place again. */
  async remove(ids: readonly ChunkId[]): Promise<void> {
    const known = ids.filter((id) => this.#chunks.delete(id));
    if (known.length === 0) return;
    await this.#persist((keeper) => keeper.use((index) => index.deleteDamage(known)));
    this.#onRepaired(known);
  }

  /** What is not written here is found again by the next reader. */
  async #persist(write: (keeper: IndexKeeper) => Promise<void>): Promise<void> {
    try {
      await write(this.#index);
    } catch (error) {
      this.#logger.warn('the list of damaged chunks was not written', { error });
    }
  }
}

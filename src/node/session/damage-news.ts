import { type ChunkId, LIMITS } from '../../base/index.js';
import type { DamagedChunk as StoreDamage } from '../../chunks/index.js';
import type { SessionDamage } from '../../transport/index.js';
import { damageMessageOf } from '../store-reporter.js';

/**
 * What the coordinator is to hear of damaged copies. Each is told once a session; one that was repaired is told as well, whether
 * or not its damage was: a client may have told of that, and the word of it may come late.
 */
export class DamageNews {
  #told: ReadonlySet<ChunkId> = new Set();
  readonly #repaired = new Set<ChunkId>();

  /** A new session begins: nothing has been told in it. */
  begin(): void {
    this.#told = new Set();
  }

  repaired(chunkIds: readonly ChunkId[]): void {
    for (const id of chunkIds) if (this.#repaired.size < LIMITS.damagedChunksListed) this.#repaired.add(id);
  }

  /** Messages to send now, in this order: what is damaged and not told yet, then what has become whole. */
  take(damaged: readonly StoreDamage[]): readonly SessionDamage[] {
    const news = damaged.filter(({ chunkId }) => !this.#told.has(chunkId));
    this.#told = new Set(damaged.map(({ chunkId }) => chunkId));
    const whole = [...this.#repaired];
    this.#repaired.clear();
    return [
      ...inParts(news).map((part) => ({ chunks: part.map(damageMessageOf), wholeChunkIds: [] })),
      ...inParts(whole).map((part) => ({ chunks: [], wholeChunkIds: [...part] })),
    ];
  }
}

function inParts<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const parts: (readonly Item[])[] = [];
  for (let start = 0; start < items.length; start += LIMITS.chunksPerCall) {
    parts.push(items.slice(start, start + LIMITS.chunksPerCall));
  }
  return parts;
}

import type { ChunkId, NodeId } from '../base/index.js';

/** A node that could take chunks now: it is online, its store is ready, and it may be used. */
export interface Candidate {
  readonly nodeId: NodeId;
  readonly name: string;
  /** Empty: the node is a failure domain of its own. */
  readonly failureDomain: string;
  readonly freeBytes: number;
  /** It takes no new chunks, but can promise to keep those that it holds; `freeBytes` is 0. */
  readonly full?: boolean;
}

/** A node that cannot take chunks now, and why, in a word or two: `full` where all that it lacks is room. */
export interface Unusable {
  readonly name: string;
  readonly why: string;
  /** A member that is there, and does not let this one in. */
  readonly refuses?: boolean;
}

export interface PlannedChunk {
  readonly chunkId: ChunkId;
  readonly lengthBytes: number;
  /** Nodes on record as holding it for this origin. */
  readonly holders: readonly NodeId[];
}

/**
 * Chooses distinct nodes chunk after chunk: those that hold it already (unless they are to be avoided), then other failure domains
 * before the same one, then by weighted rendezvous hashing (Schindelhauer and Schomaker 2005: the highest of -weight / ln(hash)
 * wins), weighted with free space, so that the choice is even and stays when other nodes come and go. Space that was chosen is
 * taken into account from then on.
 */
export class NodeChoice {
  readonly #candidates: readonly Candidate[];
  readonly #avoid: ReadonlySet<NodeId>;
  readonly #free: Map<NodeId, number>;

  constructor(candidates: readonly Candidate[], avoid: ReadonlySet<NodeId>) {
    this.#candidates = candidates;
    this.#avoid = avoid;
    this.#free = new Map(candidates.map((candidate) => [candidate.nodeId, candidate.freeBytes]));
  }

  /** What is left there by now. */
  freeBytes(id: NodeId): number {
    return Math.max(0, this.#free.get(id) ?? 0);
  }

  /**
   * Adds to `chosen` until there are `wanted` or no more to be had; of those that are to be avoided only while there are fewer than
   * `needed`.
   */
  add(chunk: PlannedChunk, chosen: Candidate[], { wanted, needed }: { readonly wanted: number; readonly needed: number }): void {
    const ranked = this.#rank(
      chunk,
      this.#candidates.filter((candidate) => !chosen.includes(candidate)),
    );
    while (chosen.length < wanted) {
      const next = this.#best(chunk, ranked, chosen);
      if (next === undefined || (chosen.length >= needed && this.#avoid.has(next.nodeId))) return;
      ranked.splice(ranked.indexOf(next), 1);
      chosen.push(next);
      if (!holds(chunk, next)) this.#free.set(next.nodeId, (this.#free.get(next.nodeId) ?? 0) - chunk.lengthBytes);
    }
  }

  /** Those with room or with the chunk itself, the preferred one first. */
  #rank(chunk: PlannedChunk, candidates: readonly Candidate[]): Candidate[] {
    return candidates
      .filter((each) => holds(chunk, each) || (this.#free.get(each.nodeId) ?? 0) >= chunk.lengthBytes)
      .map((candidate) => ({ candidate, score: holds(chunk, candidate) ? Number.POSITIVE_INFINITY : score(chunk, candidate) }))
      .sort((left, right) => (left.score === right.score ? 0 : right.score - left.score))
      .map(({ candidate }) => candidate);
  }

  #best(chunk: PlannedChunk, ranked: readonly Candidate[], chosen: readonly Candidate[]): Candidate | undefined {
    const domains = new Set(chosen.map(domainOf));
    const elsewhere = (candidate: Candidate): boolean => !domains.has(domainOf(candidate));
    const wanted = (candidate: Candidate): boolean => !this.#avoid.has(candidate.nodeId);
    return (
      ranked.find((each) => wanted(each) && holds(chunk, each)) ??
      ranked.find((each) => wanted(each) && elsewhere(each)) ??
      ranked.find(wanted) ??
      ranked.find(elsewhere) ??
      ranked[0]
    );
  }
}

export const holds = (chunk: PlannedChunk, { nodeId }: Candidate): boolean => chunk.holders.includes(nodeId);

const domainOf = (candidate: Candidate): string => candidate.failureDomain || candidate.nodeId;

const score = ({ chunkId }: PlannedChunk, { nodeId, freeBytes }: Candidate): number =>
  rendezvousScore(`${chunkId}${nodeId}`, freeBytes);

/** The highest wins. */
export function rendezvousScore(key: string, weight: number): number {
  // Strictly between 0 and 1, so that the logarithm is finite and negative.
  const unit = (hash32(key) + 0.5) / 0x1_0000_0000;
  return -weight / Math.log(unit);
}

/** FNV-1a with a final mix (of MurmurHash3): even enough for choosing, and the same everywhere. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

import type { MemberId, NodeId } from '../base/index.js';
import type { PlacementRow } from '../projections/index.js';

/** Who keeps a copy: a node of the own member, or another member. */
export type HolderId = NodeId | MemberId;

/** How well the chunks of something are kept. Of the numbers of copies, those of the chunk that has fewest. */
export interface Protection {
  readonly chunks: number;
  readonly copiesWanted: number;
  readonly copiesPresent: number;
  readonly copiesReachable: number;
  /** Fewer copies than wanted. */
  readonly underProtectedChunks: number;
  /** Copies, but none on a node, or with a member, that is here. */
  readonly unreachableChunks: number;
  /** No copy at all. */
  readonly lostChunks: number;
  readonly holders: ReadonlyMap<HolderId, { readonly chunks: number; readonly lost: number }>;
}

/** Adds up chunk by chunk; a chunk that comes twice counts twice. */
export class ProtectionTally {
  readonly #counts: (id: HolderId) => boolean;
  readonly #here: (id: HolderId) => boolean;
  readonly #holders = new Map<HolderId, { chunks: number; lost: number }>();
  #chunks = 0;
  #wanted = 0;
  #present = Number.MAX_SAFE_INTEGER;
  #reachable = Number.MAX_SAFE_INTEGER;
  #underProtected = 0;
  #unreachable = 0;
  #lost = 0;

  /** `counts`: whether copies there count; `here`: whether it answers now. */
  constructor(counts: (id: HolderId) => boolean, here: (id: HolderId) => boolean) {
    this.#counts = counts;
    this.#here = here;
  }

  /** Those whose copies of it count. */
  add(row: PlacementRow | undefined): readonly HolderId[] {
    const holders = holdersOf(row).filter((id) => this.#counts(id));
    const reachable = holders.filter((id) => this.#here(id)).length;
    const wanted = row?.wantedCopies ?? 0;
    this.#chunks += 1;
    this.#wanted = Math.max(this.#wanted, wanted);
    this.#present = Math.min(this.#present, holders.length);
    this.#reachable = Math.min(this.#reachable, reachable);
    if (holders.length < wanted) this.#underProtected += 1;
    if (holders.length === 0) this.#lost += 1;
    else if (reachable === 0) this.#unreachable += 1;
    for (const id of holders) this.#of(id).chunks += 1;
    for (const id of lostOf(row)) this.#of(id).lost += 1;
    return holders;
  }

  result(): Protection {
    const none = this.#chunks === 0;
    return {
      chunks: this.#chunks,
      copiesWanted: this.#wanted,
      copiesPresent: none ? 0 : this.#present,
      copiesReachable: none ? 0 : this.#reachable,
      underProtectedChunks: this.#underProtected,
      unreachableChunks: this.#unreachable,
      lostChunks: this.#lost,
      holders: this.#holders,
    };
  }

  #of(id: HolderId): { chunks: number; lost: number } {
    const known = this.#holders.get(id);
    if (known !== undefined) return known;
    const fresh = { chunks: 0, lost: 0 };
    this.#holders.set(id, fresh);
    return fresh;
  }
}

/** Everybody on record as keeping a copy. */
export const holdersOf = (row: PlacementRow | undefined): readonly HolderId[] => [
  ...(row?.holders ?? []),
  ...(row?.members ?? []),
];

/** Everybody who had a copy and lost it. */
export const lostOf = (row: PlacementRow | undefined): readonly HolderId[] => [...(row?.lost ?? []), ...(row?.lostMembers ?? [])];

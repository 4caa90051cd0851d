import { assert, type MemberId } from '../../base/index.js';
import type { LogPosition } from '../../events/index.js';
import type { ViewInfo } from '../rows/table.js';
import type { StoredView } from './origin-state.js';

/** How the views of an origin stood at a position: the same at everybody who applied its log up to there. */
export interface StateMark {
  readonly origin: MemberId;
  readonly position: LogPosition;
  /** Those that follow from the log alone. */
  readonly views: readonly ViewMark[];
}

export interface ViewMark {
  readonly name: string;
  readonly projectionVersion: number;
  /** 32 bytes. */
  readonly stateHash: Uint8Array;
}

/** So that everybody marks the same positions: the end of the first block that reaches or passes a multiple of it. */
const EVENTS_BETWEEN = 256;
const KEPT = 8;

const HASH_BYTES = 32;

interface KeptMark {
  readonly position: LogPosition;
  /** One after another: objects for each would add up over many origins. */
  readonly hashes: Uint8Array;
}

/** The last marks of an origin. */
export class StateMarks {
  readonly #origin: MemberId;
  readonly #derived: readonly ViewInfo[];
  #kept: readonly KeptMark[] = [];

  constructor(origin: MemberId, infos: readonly ViewInfo[]) {
    this.#origin = origin;
    this.#derived = infos.filter(({ derived }) => derived);
  }

  /** Whether a block that brings views from one sequence to another ends at a mark. */
  static crosses(before: number, after: number): boolean {
    return Math.floor(before / EVENTS_BETWEEN) !== Math.floor(after / EVENTS_BETWEEN);
  }

  /** The oldest first. */
  all(): readonly StateMark[] {
    return this.#kept.map((kept) => this.#unfolded(kept));
  }

  /** Keeps none: what the views would be marked with. */
  of(position: LogPosition, states: readonly StoredView[]): StateMark {
    return this.#unfolded(this.#folded(position, states));
  }

  add(position: LogPosition, states: readonly StoredView[]): void {
    this.#kept = [...this.#kept, this.#folded(position, states)].slice(-KEPT);
  }

  clear(): void {
    this.#kept = [];
  }

  #folded(position: LogPosition, states: readonly StoredView[]): KeptMark {
    const hashes = new Uint8Array(this.#derived.length * HASH_BYTES);
    for (const [index, { id }] of this.#derived.entries()) {
      const state = states.find((view) => view.id === id);
      assert(state !== undefined, 'a view has no state');
      hashes.set(state.stateHash, index * HASH_BYTES);
    }
    return { position, hashes };
  }

  #unfolded({ position: { epoch, sequence }, hashes }: KeptMark): StateMark {
    return {
      origin: this.#origin,
      position: { epoch, sequence },
      views: this.#derived.map(({ name, version }, index) => ({
        name,
        projectionVersion: version,
        stateHash: hashes.slice(index * HASH_BYTES, (index + 1) * HASH_BYTES),
      })),
    };
  }
}

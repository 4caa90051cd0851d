import type { KeeperId } from './keeper.js';

/** Who has to hold a block before it is acknowledged, and how many of them. */
export interface QuorumRule {
  readonly keepers: readonly KeeperId[];
  readonly required: number;
}

/**
 * How far enough witnesses hold the log. A change of witnesses counts only once enough of those before and of those after it
 * hold it: so whoever asks the witnesses before it learns of it.
 */
export class Quorum {
  readonly #held = new Map<KeeperId, number>();
  readonly #gone = new Set<KeeperId>();
  #rule: QuorumRule;
  #before: { readonly rule: QuorumRule; readonly until: number } | undefined;

  constructor(rule: QuorumRule) {
    this.#rule = rule;
  }

  get rule(): QuorumRule {
    return this.#rule;
  }

  /** The last event that enough hold; Infinity where none are required. */
  get settledSequence(): number {
    const now = this.#reached(this.#rule);
    return this.#before === undefined ? now : Math.min(now, this.#reached(this.#before.rule));
  }

  /** Everybody whose word counts now. */
  get members(): ReadonlySet<KeeperId> {
    return new Set([...this.#rule.keepers, ...(this.#before?.rule.keepers ?? [])]);
  }

  /** A witness has everything up to here on its disk. What it has said of a block stays true when it goes away. */
  note(keeper: KeeperId, sequence: number): void {
    this.#held.set(keeper, sequence);
    this.#forgetBefore();
  }

  heldBy(keeper: KeeperId): number {
    return this.#held.get(keeper) ?? 0;
  }

  /** It will never say anything again: it is not waited for. */
  lose(keeper: KeeperId): void {
    this.#gone.add(keeper);
    this.#forgetBefore();
  }

  /** It may say something again. */
  regain(keeper: KeeperId): void {
    this.#gone.delete(keeper);
  }

  isGone(keeper: KeeperId): boolean {
    return this.#gone.has(keeper);
  }

  /** How many of these have to answer, so that whoever holds the last acknowledged block is among them. */
  get answersNeeded(): number {
    const { keepers, required } = this.#counted(this.#rule);
    return required === 0 ? 0 : keepers.length - required + 1;
  }

  /** How many have to be here, so that something can be acknowledged. */
  get required(): number {
    return this.#counted(this.#rule).required;
  }

  /** Event `sequence` names other witnesses. `atOnce`: those before it are not asked. */
  change(rule: QuorumRule, sequence: number, atOnce: boolean): void {
    this.#before = atOnce ? undefined : { rule: this.#rule, until: sequence };
    this.#rule = rule;
    this.#forgetBefore();
  }

  #forgetBefore(): void {
    if (this.#before !== undefined && this.#reached(this.#before.rule) >= this.#before.until) this.#before = undefined;
  }

  #counted({ keepers, required }: QuorumRule): QuorumRule {
    const left = keepers.filter((keeper) => !this.#gone.has(keeper));
    return { keepers: left, required: Math.min(required, left.length) };
  }

  #reached(rule: QuorumRule): number {
    const { keepers, required } = this.#counted(rule);
    if (required === 0) return Number.POSITIVE_INFINITY;
    const held = keepers.map((keeper) => this.heldBy(keeper)).sort((left, right) => right - left);
    return held[required - 1] ?? 0;
  }
}

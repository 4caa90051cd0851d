import type { NodeId } from '../../base/index.js';

/** Who has to hold a block before it is acknowledged, and how many of them. */
export interface QuorumRule {
  readonly nodeIds: readonly NodeId[];
  readonly required: number;
}

/**
 * How far enough witnesses hold the log. A change of witnesses counts only once enough of those before and of those after it
 * hold it: so whoever asks the witnesses before it learns of it.
 */
export class Quorum {
  readonly #held = new Map<NodeId, number>();
  readonly #gone = new Set<NodeId>();
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
  get members(): ReadonlySet<NodeId> {
    return new Set([...this.#rule.nodeIds, ...(this.#before?.rule.nodeIds ?? [])]);
  }

  /** A witness has everything up to here on its disk. What it has said of a block stays true when it goes away. */
  note(nodeId: NodeId, sequence: number): void {
    this.#held.set(nodeId, sequence);
    this.#forgetBefore();
  }

  heldBy(nodeId: NodeId): number {
    return this.#held.get(nodeId) ?? 0;
  }

  /** It will never say anything again: it is not waited for. */
  lose(nodeId: NodeId): void {
    this.#gone.add(nodeId);
    this.#forgetBefore();
  }

  isGone(nodeId: NodeId): boolean {
    return this.#gone.has(nodeId);
  }

  /** How many of these have to answer, so that whoever holds the last acknowledged block is among them. */
  get answersNeeded(): number {
    const { nodeIds, required } = this.#counted(this.#rule);
    return required === 0 ? 0 : nodeIds.length - required + 1;
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

  #counted({ nodeIds, required }: QuorumRule): QuorumRule {
    const left = nodeIds.filter((nodeId) => !this.#gone.has(nodeId));
    return { nodeIds: left, required: Math.min(required, left.length) };
  }

  #reached(rule: QuorumRule): number {
    const { nodeIds, required } = this.#counted(rule);
    if (required === 0) return Number.POSITIVE_INFINITY;
    const held = nodeIds.map((nodeId) => this.heldBy(nodeId)).sort((left, right) => right - left);
    return held[required - 1] ?? 0;
  }
}

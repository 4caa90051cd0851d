import { isNodeId, type NodeId } from '../../base/index.js';
import type { Head, StoredBlock } from '../../events/index.js';

/** Who keeps a log, from its own events as they are read. */
export class WitnessesInLog {
  readonly #gone = new Set<NodeId>();
  #witnesses: readonly NodeId[] = [];
  #required = 0;
  #sequence = 0;

  note(block: StoredBlock): void {
    for (const { event, envelope } of block.events) {
      if (event?.type === 'NodeDecommissioned') this.#gone.add(event.nodeId);
      if (event?.type === 'CertificateRevoked' && event.role === 'node' && isNodeId(event.subjectId))
        this.#gone.add(event.subjectId);
      if (event?.type !== 'WitnessesChanged') continue;
      this.#witnesses = event.witnesses;
      this.#required = event.required;
      this.#sequence = envelope.position.sequence;
    }
  }

  /** A later epoch may have cut below what is held: then it is taken from the first event. */
  firstToAsk(own: Head, theirs: Head | undefined): number {
    return theirs !== undefined && theirs.epoch > own.epoch && theirs.sequence <= own.sequence ? 1 : own.sequence + 1;
  }

  /** Whether those who answered include whoever holds the last acknowledged block; and whether they are all. */
  counted(answers: readonly { readonly nodeId: NodeId; readonly sequence: number }[]): {
    readonly certain: boolean;
    readonly complete: boolean;
  } {
    const asked = this.#asked();
    const answered = asked.filter((nodeId) => answers.some((each) => each.nodeId === nodeId && each.sequence >= this.#sequence));
    const needed = this.#needed(asked.length);
    return { certain: needed > 0 && answered.length >= needed, complete: asked.length > 0 && answered.length === asked.length };
  }

  summary(answered: readonly NodeId[]): { readonly needed: number; readonly here: number; readonly of: number } {
    const asked = this.#asked();
    return {
      needed: this.#needed(asked.length),
      here: asked.filter((nodeId) => answered.includes(nodeId)).length,
      of: asked.length,
    };
  }

  #asked(): readonly NodeId[] {
    return this.#witnesses.filter((nodeId) => !this.#gone.has(nodeId));
  }

  #needed(count: number): number {
    const required = Math.min(this.#required, count);
    return required === 0 ? 0 : count - required + 1;
  }
}

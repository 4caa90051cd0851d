import { isNodeId, type MemberId } from '../../base/index.js';
import type { Head, MemberAdmitted, StoredBlock } from '../../events/index.js';
import type { KeeperId } from './keeper.js';

/** Who keeps a log, from its own events as they are read. */
export class WitnessesInLog {
  readonly #gone = new Set<KeeperId>();
  /** Other members as they were admitted; those who were suspended or removed are among the gone. */
  readonly #admitted = new Map<MemberId, MemberAdmitted>();
  #witnesses: readonly KeeperId[] = [];
  #required = 0;
  #sequence = 0;

  note(block: StoredBlock): void {
    for (const { event, envelope } of block.events) {
      switch (event?.type) {
        case 'NodeDecommissioned':
          this.#gone.add(event.nodeId);
          break;
        case 'CertificateRevoked':
          if (event.role === 'node' && isNodeId(event.subjectId)) this.#gone.add(event.subjectId);
          break;
        case 'MemberAdmitted':
          this.#admitted.set(event.memberId, event);
          this.#gone.delete(event.memberId);
          break;
        case 'MemberSuspended':
        case 'MemberRemoved':
          this.#gone.add(event.memberId);
          break;
        case 'MemberReinstated':
          this.#gone.delete(event.memberId);
          break;
        case 'WitnessesChanged':
          this.#witnesses = [...event.witnesses, ...event.members];
          this.#required = event.required;
          this.#sequence = envelope.position.sequence;
          break;
        default:
      }
    }
  }

  /** Other members who may be asked. */
  members(): readonly MemberAdmitted[] {
    return [...this.#admitted.values()].filter(({ memberId }) => !this.#gone.has(memberId));
  }

  /** A later epoch may have cut below what is held: then it is taken from the first event. */
  firstToAsk(own: Head, theirs: Head | undefined): number {
    return theirs !== undefined && theirs.epoch > own.epoch && theirs.sequence <= own.sequence ? 1 : own.sequence + 1;
  }

  /**
   * `certain`: those who answered include whoever holds the last acknowledged block. `complete`: nobody else can hold anything,
   * neither a witness nor another member. `everybody`: no witness is named, and all other members have answered.
   */
  counted(answers: readonly { readonly id: KeeperId; readonly sequence: number }[]): {
    readonly certain: boolean;
    readonly complete: boolean;
    readonly everybody: boolean;
  } {
    const asked = this.#asked();
    const answered = asked.filter((id) => answers.some((each) => each.id === id && each.sequence >= this.#sequence));
    const needed = this.#needed(asked.length);
    const others = this.members().every(({ memberId }) => answers.some(({ id }) => id === memberId));
    return {
      certain: needed > 0 && answered.length >= needed,
      complete: asked.length > 0 && answered.length === asked.length && others,
      everybody: needed === 0 && this.members().length > 0 && others,
    };
  }

  summary(answered: readonly KeeperId[]): { readonly needed: number; readonly here: number; readonly of: number } {
    const asked = this.#asked();
    return {
      needed: this.#needed(asked.length),
      here: asked.filter((id) => answered.includes(id)).length,
      of: asked.length,
    };
  }

  #asked(): readonly KeeperId[] {
    return this.#witnesses.filter((id) => !this.#gone.has(id));
  }

  #needed(count: number): number {
    const required = Math.min(this.#required, count);
    return required === 0 ? 0 : count - required + 1;
  }
}

import { type CollectiveError, LIMITS, type MemberId } from '../../../base/index.js';
import type { Clock } from '../../../ports/index.js';
import { type BackoffRules, boundMs } from '../../../sync/index.js';

const REFUSED: BackoffRules = { minMs: LIMITS.peerRefusalMinMs, maxMs: LIMITS.peerRefusalMaxMs };

interface Fault {
  failures: number;
  untilMs: number;
}

/** Whom not to ask for one log for now, because what came did not verify or did not come. */
export class SourceFaults {
  readonly #clock: Clock;
  readonly #faults = new Map<MemberId, Fault>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** It gave a block that does not verify: a longer wait each time. */
  refused(memberId: MemberId): void {
    this.#note(memberId, REFUSED);
  }

  /** It could not give what was asked for. */
  failed(memberId: MemberId): void {
    this.#note(memberId, { minMs: LIMITS.peerDialDelayMinMs, maxMs: LIMITS.peerDialDelayMaxMs });
  }

  /** After one of both: what it told of was not shown. It waits as for a block that does not verify. */
  unproven(memberId: MemberId): void {
    const failures = this.#faults.get(memberId)?.failures ?? 1;
    this.#wait(memberId, failures, REFUSED);
  }

  worked(memberId: MemberId): void {
    this.#faults.delete(memberId);
  }

  blocked(memberId: MemberId): boolean {
    return (this.#faults.get(memberId)?.untilMs ?? 0) > this.#clock.monotonicMs();
  }

  /** How long until somebody who is blocked may be asked again; undefined: nobody is. */
  waitMs(): number | undefined {
    const nowMs = this.#clock.monotonicMs();
    const waits = Array.from(this.#faults.values(), ({ untilMs }) => untilMs - nowMs).filter((waitMs) => waitMs > 0);
    return waits.length === 0 ? undefined : Math.ceil(Math.min(...waits));
  }

  #note(memberId: MemberId, rules: BackoffRules): void {
    this.#wait(memberId, (this.#faults.get(memberId)?.failures ?? 0) + 1, rules);
  }

  #wait(memberId: MemberId, failures: number, rules: BackoffRules): void {
    this.#faults.set(memberId, { failures, untilMs: this.#clock.monotonicMs() + boundMs(failures, rules) });
  }
}

/** A block that a peer gave and that was not taken. */
export interface Refusal {
  readonly memberId: MemberId;
  readonly origin: MemberId;
  readonly error: CollectiveError;
  readonly timeMs: number;
}

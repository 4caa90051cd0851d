import type { MemberId } from '../../../base/index.js';
import type { StoredBlock } from '../../../events/index.js';
import type { Timers } from '../../../ports/index.js';
import type { PeerRow, ViewHost } from '../../../projections/index.js';
import type { Bound } from '../../../sync/index.js';

const VIEWS_WAIT_MS = 1;
const NOTHING: Bound = { epoch: 0, sequence: 0 };

/** Whose logs are kept and how far, by the own log: told by `refresh` that it has changed. */
export class OriginRules {
  readonly #views: Pick<ViewHost, 'run' | 'position'>;
  readonly #timers: Timers;
  #rows: ReadonlyMap<MemberId, PeerRow> = new Map();

  constructor(views: Pick<ViewHost, 'run' | 'position'>, timers: Timers) {
    this.#views = views;
    this.#timers = timers;
  }

  /** `sequence`: of an event that the views have to show. Error: CANCELLED. */
  async refresh(sequence: number, signal: AbortSignal): Promise<void> {
    // Whoever listens to the log is told before the views are.
    while (this.#views.position().sequence < sequence) await this.#timers.sleep(VIEWS_WAIT_MS, signal);
    this.#rows = await this.#views.run(({ peers }) => new Map(peers.all()));
  }

  /** Up to where blocks of this member are taken, whoever gives them. Undefined: all of them. */
  boundOf(origin: MemberId): Bound {
    const row = this.#rows.get(origin);
    if (row?.state === 'admitted') return undefined;
    if (row?.state === 'suspended' || row?.state === 'removed') return row.acceptedUpTo ?? NOTHING;
    return NOTHING;
  }

  /** Whether there is anything of this log to take. */
  keeps(origin: MemberId): boolean {
    const bound = this.boundOf(origin);
    return bound === undefined || bound.sequence > 0;
  }

  row(memberId: MemberId): PeerRow | undefined {
    return this.#rows.get(memberId);
  }

  /** Everybody who was admitted at some time. */
  all(): readonly (readonly [MemberId, PeerRow])[] {
    return [...this.#rows].filter(([, { state }]) => state === 'admitted' || state === 'suspended' || state === 'removed');
  }
}

/** Whether a block of the own log changes whom it deals with. */
export const changesMembers = ({ events }: StoredBlock): boolean =>
  events.some(({ envelope: { type } }) => /^Member(Applied|Admitted|Refused|Renamed|Suspended|Reinstated|Removed)$/.test(type));

import { CollectiveError, type MemberId, toCollectiveError, toHex } from '../../base/index.js';
import type { EventLog, LogReader } from '../../events/index.js';
import type { Hasher, KeyValueStores, Logger, Random, Timers } from '../../ports/index.js';
import { compareViews, type ViewComparison, ViewHost } from '../../projections/index.js';
import type { Finding, ReplayLogResponse, VerifyLogResponse } from '../../transport/index.js';
import { replay } from './replay.js';

const PROGRESS_EVENTS = 20_000;
/** A replay beside the live views is not to double the memory that they have. */
const SCRATCH_CACHE_BYTES = 16 * 1024 * 1024;
const SCRATCH_DIRTY_BYTES = 4 * 1024 * 1024;

/** A log whose views are live here. */
export type AuditedLog = Pick<LogReader, 'read'> & { readonly origin: MemberId };

export interface AuditOptions {
  readonly log: EventLog;
  /** Copies of other members' logs. */
  readonly others: () => readonly AuditedLog[];
  readonly views: ViewHost;
  readonly stores: KeyValueStores;
  /** Where replays keep their rows meanwhile; must exist. */
  readonly scratchDirectory: string;
  readonly hasher: Hasher;
  readonly random: Random;
  readonly timers: Timers;
  readonly logger: Logger;
  /** So that the next start gets the log back from its witnesses. */
  readonly onLogDamaged: () => Promise<void>;
}

/** Proves the log, and that the live state follows from it. */
export class Audit {
  readonly #options: AuditOptions;
  #replaying = false;

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  /** Re-reads the whole log: checksums, chain, signatures. Says how far it is, and in the end what it found. */
  async *verify(signal: AbortSignal): AsyncGenerator<VerifyLogResponse> {
    const { log } = this.#options;
    const findings: Finding[] = [];
    const base = { headSequence: log.head.sequence, findings };
    for await (const said of log.verify({ signal })) {
      if (said.kind === 'damage') {
        findings.push({
          code: 'log-damaged',
          severity: 'failure',
          message: `${said.file}, byte ${said.offset}, event ${said.sequence}: ${said.problem}`,
          next: 'Restart the coordinator: it gets the log back from the nodes that keep it. Without such nodes, restore a backup.',
        });
        continue;
      }
      const { events, blocks, bytes } = said;
      if (said.kind === 'finished' && findings.length > 0) await this.#options.onLogDamaged();
      yield {
        ...base,
        events,
        blocks,
        bytes,
        done: said.kind === 'finished',
        findings: said.kind === 'finished' ? findings : [],
      };
    }
  }

  /**
   * Rebuilds every view from the first event on, in a store of its own, and compares it with the live one row by row: those of the
   * own log, and then those of each copy of another member's log, each named with its member.
   */
  async *replay(signal: AbortSignal): AsyncGenerator<ReplayLogResponse> {
    if (this.#replaying) {
      throw new CollectiveError('ALREADY_RUNNING', 'The log is being replayed already.', { next: 'Wait for it to finish.' });
    }
    this.#replaying = true;
    const { log, others, logger } = this.#options;
    try {
      const all = [log, ...others().filter(({ origin }) => this.#options.views.position(origin).sequence > 0)];
      const heads = all.map(({ origin }) => this.#options.views.position(origin).sequence);
      const headSequence = heads.reduce((sum, head) => sum + head, 0);
      const found: ViewComparison[] = [];
      let done = 0;
      for (const each of all) {
        const label = each === log ? '' : await this.#labelOf(each.origin);
        for await (const said of this.#replayOne(each, signal)) {
          if (typeof said === 'number') yield { events: done + said, headSequence, done: false, views: [] };
          else found.push(...said.views.map((view) => ({ ...view, name: label + view.name })));
          if (typeof said !== 'number') done += said.events;
        }
      }
      yield { events: done, headSequence: log.head.sequence, done: true, views: found };
    } catch (error) {
      logger.warn('a replay failed', { error: toCollectiveError(error) });
      throw error;
    } finally {
      this.#replaying = false;
    }
  }

  async #labelOf(origin: MemberId): Promise<string> {
    const name = await this.#options.views.run(({ peers }) => peers.get(origin)?.name);
    return `${name ?? origin.slice(0, 8)}: `;
  }

  /** Numbers are events replayed so far; the last is what the comparison found, nothing for views that were rebuilt meanwhile. */
  async *#replayOne(log: AuditedLog, signal: AbortSignal): AsyncGenerator<number | Compared> {
    const { stores, hasher, random, timers, views, scratchDirectory } = this.#options;
    const { origin } = log;
    const path = `${scratchDirectory}/replay-${toHex(random.bytes(8))}`;
    const live = await views.snapshot(origin, signal);
    try {
      const toSequence = live.position.sequence;
      const store = await stores.open(path, 'create');
      const scratch = await ViewHost.open(store, {
        origins: [origin],
        hasher,
        cacheBytes: SCRATCH_CACHE_BYTES,
        dirtyBytes: SCRATCH_DIRTY_BYTES,
        pause: () => timers.sleep(0, signal),
      });
      try {
        let said = 0;
        for await (const events of replay(log, scratch, { toSequence, signal, origin })) {
          if (events - said < PROGRESS_EVENTS) continue;
          said = events;
          yield events;
        }
        const replayed = await scratch.snapshot(undefined, signal);
        try {
          // Another member's newer epoch may have taken the place of what the live views stood at.
          const same = replayed.position.sequence === toSequence && replayed.position.epoch === live.position.epoch;
          yield { events: toSequence, views: same ? await compareViews(live, replayed) : [] };
        } finally {
          await replayed.close();
        }
      } finally {
        await scratch.close();
        await stores.destroy(path);
      }
    } finally {
      await live.close();
    }
  }
}

interface Compared {
  readonly events: number;
  readonly views: readonly ViewComparison[];
}

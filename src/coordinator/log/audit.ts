import { CollectiveError, toCollectiveError, toHex } from '../../base/index.js';
import type { EventLog } from '../../events/index.js';
import type { Hasher, KeyValueStores, Logger, Random, Timers } from '../../ports/index.js';
import { compareViews, ViewHost } from '../../projections/index.js';
import type { Finding, ReplayLogResponse, VerifyLogResponse } from '../../transport/index.js';
import { replay } from './replay.js';

const PROGRESS_EVENTS = 20_000;
/** A replay beside the live views is not to double the memory that they have. */
const SCRATCH_CACHE_BYTES = 16 * 1024 * 1024;
const SCRATCH_DIRTY_BYTES = 4 * 1024 * 1024;

export interface AuditOptions {
  readonly log: EventLog;
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

  /** Rebuilds every view from the first event on, in a store of its own, and compares it with the live one row by row. */
  async *replay(signal: AbortSignal): AsyncGenerator<ReplayLogResponse> {
    if (this.#replaying) {
      throw new CollectiveError('ALREADY_RUNNING', 'The log is being replayed already.', { next: 'Wait for it to finish.' });
    }
    this.#replaying = true;
    const { stores, hasher, random, timers, views, log, scratchDirectory, logger } = this.#options;
    const path = `${scratchDirectory}/replay-${toHex(random.bytes(8))}`;
    const live = await views.snapshot(undefined, signal).catch((error: unknown) => {
      this.#replaying = false;
      throw error;
    });
    try {
      const store = await stores.open(path, 'create');
      const scratch = await ViewHost.open(store, {
        origins: [log.origin],
        hasher,
        cacheBytes: SCRATCH_CACHE_BYTES,
        dirtyBytes: SCRATCH_DIRTY_BYTES,
        pause: () => timers.sleep(0, signal),
      });
      try {
        const headSequence = live.position.sequence;
        let said = 0;
        for await (const events of replay(log, scratch, { toSequence: headSequence, signal })) {
          if (events - said < PROGRESS_EVENTS) continue;
          said = events;
          yield { events, headSequence, done: false, views: [] };
        }
        const replayed = await scratch.snapshot(undefined, signal);
        try {
          yield { events: headSequence, headSequence, done: true, views: [...(await compareViews(live, replayed))] };
        } finally {
          await replayed.close();
        }
      } finally {
        await scratch.close();
        await stores.destroy(path);
      }
    } catch (error) {
      logger.warn('a replay failed', { error: toCollectiveError(error) });
      throw error;
    } finally {
      await live.close();
      this.#replaying = false;
    }
  }
}

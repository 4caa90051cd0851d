import { LIMITS, type ChunkId, type NodeId, ok, toCollectiveError } from '../../base/index.js';
import { countsAsHolder } from '../../domain/index.js';
import type { Logger, Timers } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import { Doorbell } from '../doorbell.js';
import type { CommandLoop } from '../commands/command-loop.js';

export interface WithdrawalLoopOptions {
  readonly views: ViewHost;
  readonly commands: CommandLoop;
  readonly timers: Timers;
  readonly logger: Logger;
}

const RETRY_MS = 5_000;

/**
 * Puts on record, chunk by chunk, that copies at nodes which were revoked or removed are lost: so that they do not count as
 * protection, are not read, and are made again. Goes on where it was after a restart, since what is left is on record.
 */
export class WithdrawalLoop {
  readonly #options: WithdrawalLoopOptions;
  readonly #bell = new Doorbell();

  constructor(options: WithdrawalLoopOptions) {
    this.#options = options;
  }

  /** There may be something to do. */
  look(): void {
    this.#bell.ring();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#bell.answer();
      try {
        for (const nodeId of await this.#gone()) await this.#withdraw(nodeId, signal);
        await this.#bell.wait(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.logger.error('copies of a node that is gone could not be put on record as lost', {
          error: toCollectiveError(error),
        });
        await this.#options.timers.sleep(RETRY_MS, signal).catch((stopped: unknown) => {
          if (!signal.aborted) throw stopped;
        });
      }
    }
  }

  #gone(): Promise<readonly NodeId[]> {
    return this.#options.views.run((views) =>
      views.certificates
        .subjects('node')
        .map(({ subjectId }) => subjectId as NodeId)
        .filter((nodeId) => !countsAsHolder(nodeId, views) && views.usage.node(nodeId).chunks > 0),
    );
  }

  async #withdraw(nodeId: NodeId, signal: AbortSignal): Promise<void> {
    const { views, logger } = this.#options;
    let after: ChunkId | undefined;
    let withdrawn = 0;
    while (!signal.aborted) {
      const from = after;
      const { rows, more } = await views.run(({ placement }) => placement.page(from, LIMITS.chunksPerCall));
      const held = rows.filter(([, row]) => row.holders.includes(nodeId)).map(([chunkId]) => chunkId);
      if (held.length > 0) await this.#lose(nodeId, held);
      withdrawn += held.length;
      after = rows.at(-1)?.[0];
      if (!more || after === undefined) break;
    }
    logger.warn('copies of a node that is gone do not count any more', { nodeId, copies: withdrawn });
  }

  async #lose(nodeId: NodeId, chunkIds: readonly ChunkId[]): Promise<void> {
    await this.#options.commands.submit({
      actor: 'coordinator',
      request: undefined,
      decide: ({ placement }) => {
        placement.need(chunkIds);
        const held = chunkIds.filter((chunkId) => placement.chunk(chunkId)?.holders.includes(nodeId) === true);
        return ok(held.length === 0 ? [] : [{ type: 'CopiesLost', holder: { nodeId }, reason: 'forfeited', chunkIds: held }]);
      },
      answer: () => undefined,
    });
  }
}

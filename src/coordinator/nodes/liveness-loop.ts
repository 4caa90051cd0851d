import { LIMITS, type NodeId, toCollectiveError } from '../../base/index.js';
import { decideNodeUnreachable, newlyUnreachable } from '../../domain/index.js';
import type { Clock, Logger, Timers } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import type { CommandLoop } from '../commands/command-loop.js';
import type { NodeRegistry } from './node-registry.js';

interface LivenessLoopOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly views: ViewHost;
  readonly commands: CommandLoop;
  readonly registry: NodeRegistry;
  readonly logger: Logger;
  readonly unreachableAfterMs: number;
}

/** Puts on record which nodes have been silent for too long. */
export class LivenessLoop {
  readonly #options: LivenessLoopOptions;
  readonly #startedMonotonicMs: number;

  constructor(options: LivenessLoopOptions) {
    this.#options = options;
    this.#startedMonotonicMs = options.clock.monotonicMs();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#options.timers.sleep(LIMITS.heartbeatMs, signal);
        await this.#look();
      } catch (error) {
        if (signal.aborted) return;
        this.#options.logger.error('looking after the nodes failed', { error: toCollectiveError(error) });
      }
    }
  }

  async #look(): Promise<void> {
    const { views, registry, clock, unreachableAfterMs } = this.#options;
    const sinceStartMs = clock.monotonicMs() - this.#startedMonotonicMs;
    const nodes = await views.run((all) => all.nodes.all().map(([nodeId, row]) => ({ nodeId, unreachable: row.unreachable })));
    const silences = nodes.map((node) => ({ ...node, silentForMs: registry.silentForMs(node.nodeId) ?? sinceStartMs }));
    for (const nodeId of newlyUnreachable(silences, unreachableAfterMs)) {
      await this.#record(nodeId, registry.lastSeenMs(nodeId) ?? Math.round(clock.nowMs() - sinceStartMs));
    }
  }

  async #record(nodeId: NodeId, lastSeenMs: number): Promise<void> {
    const { commands, logger } = this.#options;
    logger.warn('node unreachable', { nodeId });
    await commands.submit({
      actor: 'coordinator',
      request: undefined,
      decide: (all) => decideNodeUnreachable({ nodeId, lastSeenMs }, all.nodes),
      answer: () => undefined,
    });
  }
}

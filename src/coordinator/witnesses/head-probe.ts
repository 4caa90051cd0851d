import { assert, CollectiveError, LIMITS, type NodeId } from '../../base/index.js';
import { countsAsHolder } from '../../domain/index.js';
import type { EventLog, LogContinuation, RecordedEvent } from '../../events/index.js';
import type { Hasher, Logger, Timers } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import type { Quorum } from './quorum.js';
import type { WitnessLink } from './witness-link.js';

export interface HeadProbeOptions {
  readonly log: EventLog & Pick<LogContinuation, 'adopt'>;
  readonly views: ViewHost;
  readonly assertLatest: boolean;
  /** Whether a node has a session, with a copy of the log or without one. */
  readonly isHere: (nodeId: NodeId) => boolean;
  readonly timers: Timers;
  readonly hasher: Hasher;
  readonly logger: Logger;
}

export type ProbeResult =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'adopted'; readonly notice: string }
  | { readonly kind: 'open'; readonly certain: boolean }
  | { readonly kind: 'closed'; readonly error: CollectiveError };

/**
 * Before anything is recorded: is this log the latest? A disk may have lost its end, or be an old backup put back. Whoever holds
 * the last acknowledged block is among any W - w + 1 of the W witnesses; the longest that one of them holds is taken over. A log
 * that names no witness may be from before they were named: then all its nodes are asked, for at most LIMITS.nodesAskedMs.
 */
export class HeadProbe {
  readonly #options: HeadProbeOptions;
  #timer: { cancel(): void } | undefined;
  #waitedMs = 0;
  /** There is nobody who has to be asked, or an operator vouches; whoever is here was heard. */
  #heardEnough = false;
  #tickDue = false;
  /** Nodes that were here at the last tick, and did not tell of a copy of the log. */
  #silent: readonly NodeId[] = [];
  /** Those that did not at the tick before it either. */
  #without: readonly NodeId[] = [];
  #ended = false;

  constructor(options: HeadProbeOptions) {
    this.#options = options;
  }

  /** `onTick`, every now and then, while it has to be asked again. */
  begin(nodesOnRecord: number, onTick: () => void): void {
    if (nodesOnRecord === 0) this.#heardEnough = true;
    else this.#tickLater(onTick);
  }

  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
  }

  async decide(links: readonly WitnessLink[], quorum: Quorum, signal: AbortSignal): Promise<ProbeResult> {
    const { assertLatest, views } = this.#options;
    const { since, nodeIds } = await views.run((all) => ({
      since: all.witnesses.current().sequence,
      nodeIds: all.nodes.all().flatMap(([nodeId]) => (countsAsHolder(nodeId, all) ? [nodeId] : [])),
    }));
    if (this.#tickDue) this.#noteSilent(nodeIds, links);
    const parted = links.find(({ standing }) => standing.kind === 'parted');
    if (parted?.standing.kind === 'parted')
      return { kind: 'closed', error: partedAtStart(parted.nodeId, parted.standing.reason) };
    // Who was made a witness had the log up to there: one that has less has lost it, and knows nothing.
    const answers = links.filter(
      ({ nodeId, standing, head }) =>
        quorum.rule.nodeIds.includes(nodeId) &&
        !quorum.isGone(nodeId) &&
        (standing.kind === 'ahead' || standing.kind === 'behind') &&
        (head?.sequence ?? 0) >= since,
    ).length;
    const certain = quorum.answersNeeded > 0 && answers >= quorum.answersNeeded;
    const enough =
      certain ||
      (assertLatest && this.#waitedMs > 0) ||
      (quorum.answersNeeded === 0 && (this.#heardEnough || this.#allAnswered(nodeIds, links)));
    if (!enough) return { kind: 'waiting' };
    const [longest] = links.filter(({ standing }) => standing.kind === 'ahead').sort(byHead);
    return longest === undefined ? { kind: 'open', certain } : this.#adopt(longest, signal);
  }

  #tickLater(onTick: () => void): void {
    const { assertLatestWaitMs, nodesAskedMs } = LIMITS;
    this.#timer = this.#options.timers.after(assertLatestWaitMs, () => {
      this.#waitedMs += assertLatestWaitMs;
      this.#heardEnough = this.#waitedMs >= nodesAskedMs;
      this.#tickDue = true;
      onTick();
      if (!this.#heardEnough && !this.#ended) this.#tickLater(onTick);
    });
  }

  #noteSilent(nodeIds: readonly NodeId[], links: readonly WitnessLink[]): void {
    this.#tickDue = false;
    const before = this.#silent;
    this.#silent = nodeIds.filter((nodeId) => this.#options.isHere(nodeId) && links.every((link) => link.nodeId !== nodeId));
    this.#without = this.#silent.filter((nodeId) => before.includes(nodeId));
  }

  /**
   * A node tells of its copy as soon as it is here; one that does not keeps none. At least one tick has to pass: nodes that an
   * old log does not know of may have more of it.
   */
  #allAnswered(nodeIds: readonly NodeId[], links: readonly WitnessLink[]): boolean {
    if (this.#waitedMs === 0) return false;
    return nodeIds.every((nodeId) => {
      const kind = links.find((link) => link.nodeId === nodeId)?.standing.kind;
      return kind === undefined ? this.#without.includes(nodeId) : kind === 'ahead' || kind === 'behind';
    });
  }

  async #adopt(link: WitnessLink, signal: AbortSignal): Promise<ProbeResult> {
    const { log, views } = this.#options;
    const before = log.head.sequence;
    const target = link.head?.sequence ?? 0;
    try {
      while (log.head.sequence < target) {
        const had = log.head.sequence;
        const blocks = await link.read(had + 1, target, AbortSignal.any([signal, link.ended]));
        await log.adopt(blocks);
        if (log.head.sequence <= had) throw new CollectiveError('PROTOCOL_ERROR', 'The node gave blocks that lead nowhere.');
        await this.#apply(had, signal);
      }
    } catch (error) {
      if (signal.aborted || log.failure !== undefined) throw error;
      const failure = error instanceof CollectiveError ? error : new CollectiveError('IO_FAILED', String(error));
      this.#options.logger.warn('a witness could not give back what it holds', { nodeId: link.nodeId, error: failure });
      link.standing = { kind: 'failing', error: failure };
    }
    await views.flush();
    const count = log.head.sequence - before;
    if (count === 0) return { kind: 'waiting' };
    const notice = `The log on this disk ended at event ${before}; ${count} more were taken over from node ${link.nodeId}.`;
    return { kind: 'adopted', notice };
  }

  async #apply(afterSequence: number, signal: AbortSignal): Promise<void> {
    const { log, views } = this.#options;
    for await (const block of log.read({ fromSequence: afterSequence + 1, signal })) {
      const events: readonly RecordedEvent[] = block.events;
      const applied = await views.apply(events);
      assert(applied.ok, 'what this coordinator had recorded follows from what came before');
      if (views.flushDue) await views.flush();
    }
  }
}

function byHead(left: WitnessLink, right: WitnessLink): number {
  const epochs = (right.head?.epoch ?? 0) - (left.head?.epoch ?? 0);
  return epochs === 0 ? (right.head?.sequence ?? 0) - (left.head?.sequence ?? 0) : epochs;
}

const partedAtStart = (nodeId: NodeId, reason: string): CollectiveError =>
  new CollectiveError('LOG_READ_ONLY', `The copy of the log at node ${nodeId} has gone another way: ${reason}.`, {
    next: 'Two coordinators may have run with this log: stop the other one. To go on with this one: collective coordinator new-epoch',
    details: { nodeId },
  });

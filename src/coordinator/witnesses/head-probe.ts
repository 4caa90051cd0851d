import { assert, CollectiveError, LIMITS, type NodeId } from '../../base/index.js';
import { countsAsHolder } from '../../domain/index.js';
import type { EventLog, LogContinuation, RecordedEvent } from '../../events/index.js';
import type { Hasher, Logger, Timers } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import { admittedMembers } from './keepers-on-record.js';
import type { Quorum } from './quorum.js';
import { GONE_ANOTHER_WAY } from './refusals.js';
import { byHead, describeKeeper, keeperName, type Keeper, type KeeperId, type Standing } from './keeper.js';

export interface HeadProbeOptions {
  readonly log: EventLog & Pick<LogContinuation, 'adopt'>;
  readonly views: ViewHost;
  readonly assertLatest: boolean;
  /** The disk of the log itself; empty: not known. */
  readonly ownDiskId: string;
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
 * the last acknowledged block is among any W - w + 1 of the W witnesses; the longest that anybody holds is taken over. A log
 * that names no witness may be from before they were named: then all its nodes and all other members are asked, for at most
 * LIMITS.nodesAskedMs. Where all that answered lies on the log's own disk, which may have been put back as a whole, the other
 * members are waited for too, for LIMITS.membersAskedMs. They cannot be told to forget: once it is clear that this log had lost
 * its end, every member who is a witness has to say what it holds.
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
  /** Something was taken over: this log had lost its end. */
  #hadLostItsEnd = false;
  /** Those that did not at the tick before it either. */
  #without: readonly NodeId[] = [];
  #ended = false;
  #onTick: () => void = () => undefined;
  /** How often each could not give what it says to hold. */
  readonly #failures = new Map<KeeperId, number>();
  /** Those who could not a moment ago: whatever wakes the desk, they are asked again only after a while. */
  readonly #resting = new Set<KeeperId>();

  constructor(options: HeadProbeOptions) {
    this.#options = options;
  }

  /** `onTick`, every now and then, while it has to be asked again. */
  begin(keepersOnRecord: number, onTick: () => void): void {
    this.#onTick = onTick;
    if (keepersOnRecord === 0) this.#heardEnough = true;
    else this.#tickLater(onTick);
  }

  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
  }

  async decide(links: readonly Keeper[], quorum: Quorum, signal: AbortSignal): Promise<ProbeResult> {
    const { assertLatest, views } = this.#options;
    const { since, nodeIds, members } = await views.run((all) => ({
      since: all.witnesses.current().sequence,
      nodeIds: all.nodes.all().flatMap(([nodeId]) => (countsAsHolder(nodeId, all) ? [nodeId] : [])),
      members: admittedMembers(all),
    }));
    if (this.#tickDue) this.#noteSilent(nodeIds, links);
    const parted = links.find(({ standing }) => standing.kind === 'parted');
    if (parted?.standing.kind === 'parted') return { kind: 'closed', error: partedAtStart(parted.id, parted.standing.reason) };
    // Who was made a witness had the log up to there: one that has less has lost it, and knows nothing.
    const counted = links.filter(
      ({ id, standing, head }) =>
        quorum.rule.keepers.includes(id) && !quorum.isGone(id) && isAnswer(standing) && (head?.sequence ?? 0) >= since,
    );
    const certain = quorum.answersNeeded > 0 && counted.length >= quorum.answersNeeded;
    const heard = (ids: readonly KeeperId[]): boolean =>
      ids.every((id) => links.some((link) => link.id === id && isAnswer(link.standing)));
    const elsewhere = counted.some(({ diskId }) => diskId !== '' && diskId !== this.#options.ownDiskId);
    const membersHeard = elsewhere || heard(members) || this.#waitedMs >= LIMITS.membersAskedMs;
    const keepers = members.filter((id) => quorum.rule.keepers.includes(id));
    const enough =
      (certain && membersHeard && (!this.#hadLostItsEnd || heard(keepers))) ||
      (assertLatest && this.#waitedMs > 0 && membersHeard) ||
      (quorum.answersNeeded === 0 && (this.#heardEnough || (this.#allAnswered(nodeIds, links) && heard(members))));
    if (!enough) return { kind: 'waiting' };
    const ahead = links.filter(({ standing }) => standing.kind === 'ahead').sort(byHead);
    if (ahead.length === 0) return { kind: 'open', certain };
    const longest = ahead.find(({ id }) => !this.#resting.has(id));
    return longest === undefined ? { kind: 'waiting' } : this.#adopt(longest, signal);
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

  #noteSilent(nodeIds: readonly NodeId[], links: readonly Keeper[]): void {
    this.#tickDue = false;
    const before = this.#silent;
    this.#silent = nodeIds.filter((nodeId) => this.#options.isHere(nodeId) && links.every((link) => link.id !== nodeId));
    this.#without = this.#silent.filter((nodeId) => before.includes(nodeId));
  }

  /**
   * A node tells of its copy as soon as it is here; one that does not keeps none. At least one tick has to pass: nodes that an
   * old log does not know of may have more of it.
   */
  #allAnswered(nodeIds: readonly NodeId[], links: readonly Keeper[]): boolean {
    if (this.#waitedMs === 0) return false;
    return nodeIds.every((nodeId) => {
      const kind = links.find((link) => link.id === nodeId)?.standing.kind;
      return kind === undefined ? this.#without.includes(nodeId) : kind === 'ahead' || kind === 'behind';
    });
  }

  async #adopt(link: Keeper, signal: AbortSignal): Promise<ProbeResult> {
    const { log, views } = this.#options;
    const before = log.head.sequence;
    const target = link.head?.sequence ?? 0;
    try {
      while (log.head.sequence < target) {
        const had = log.head.sequence;
        const blocks = await link.read(had + 1, target, AbortSignal.any([signal, link.ended]));
        await log.adopt(blocks);
        if (log.head.sequence <= had) throw new CollectiveError('PROTOCOL_ERROR', 'It gave blocks that lead nowhere.');
        await this.#apply(had, signal);
      }
    } catch (error) {
      if (signal.aborted || log.failure !== undefined) throw error;
      const failure = error instanceof CollectiveError ? error : new CollectiveError('IO_FAILED', String(error));
      this.#options.logger.warn('a witness could not give back what it holds', { keeper: link.id, error: failure });
      this.#failed(link, failure);
    }
    await views.flush();
    const count = log.head.sequence - before;
    if (count === 0) return { kind: 'waiting' };
    const who = await views.run((all) => keeperName(link.id, all));
    const notice = `The log on this disk ended at event ${before}; ${count} more were taken over from ${who}.`;
    this.#hadLostItsEnd = true;
    return { kind: 'adopted', notice };
  }

  /** One failure says little: without what it holds this log may go on another way. But who only says so holds nobody up for long. */
  #failed(link: Keeper, error: CollectiveError): void {
    const failures = (this.#failures.get(link.id) ?? 0) + 1;
    this.#failures.set(link.id, failures);
    if (failures >= LIMITS.adoptTries) link.standing = { kind: 'failing', error };
    this.#resting.add(link.id);
    this.#options.timers.after(LIMITS.assertLatestWaitMs, () => {
      this.#resting.delete(link.id);
      if (!this.#ended) this.#onTick();
    });
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

const isAnswer = ({ kind }: Standing): boolean => kind === 'ahead' || kind === 'behind';

const partedAtStart = (id: KeeperId, reason: string): CollectiveError =>
  new CollectiveError('LOG_READ_ONLY', `The copy of the log at ${describeKeeper(id)} has gone another way: ${reason}.`, {
    next: GONE_ANOTHER_WAY,
    details: { keeper: id },
  });

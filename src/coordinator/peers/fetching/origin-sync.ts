import { CollectiveError, isCollectiveError, LIMITS, type MemberId, toCollectiveError } from '../../../base/index.js';
import { type BlockByteSource, parseBlock } from '../../../events/index.js';
import type { Clock, Hasher, Logger, Timers } from '../../../ports/index.js';
import { type Bound, isNewer, nextStep, pushedRun, type Pull, type Source, withinBound } from '../../../sync/index.js';
import type { PeerServiceDefinition, RpcClient } from '../../../transport/index.js';
import { Doorbell } from '../../doorbell.js';
import { bounded, pastTheBound } from './bounded-source.js';
import type { ForeignLog } from '../copies/foreign-log.js';
import type { ForeignLogs } from '../copies/foreign-logs.js';
import { ForkProofs } from './fork-proofs.js';
import { lastCommon } from './parting.js';
import { pullBlocks, pullPages, type PullRange } from './pull-client.js';
import { ReadAhead } from './read-ahead.js';
import { SourceFaults } from './source-faults.js';

export interface OriginSyncOptions {
  readonly origin: MemberId;
  readonly logs: ForeignLogs;
  /** Everybody connected who says that it holds this log. */
  readonly sources: (origin: MemberId) => readonly Source[];
  /** Error: COORDINATOR_UNREACHABLE, ... with the first call. */
  readonly clientOf: (memberId: MemberId) => RpcClient<typeof PeerServiceDefinition>;
  /** Up to where the blocks of this origin are taken. */
  readonly boundOf: (origin: MemberId) => Bound;
  readonly hasher: Hasher;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Blocks have become durable. */
  readonly onStored: (origin: MemberId) => void;
  /** Its owner signed two blocks for one place. `toldBy`: whose block showed it. */
  readonly onForked: (log: ForeignLog, toldBy: MemberId) => void;
  /** A peer gave a block that was refused. */
  readonly onRefused: (memberId: MemberId, origin: MemberId, error: CollectiveError) => void;
}

interface Pushed {
  readonly memberId: MemberId;
  readonly blocks: readonly Uint8Array[];
  readonly bytes: number;
}

/** Brings the copy of one log up to what others hold of it: what is pushed is stored, what is missing is asked for. */
export class OriginSync {
  readonly #options: OriginSyncOptions;
  readonly #faults: SourceFaults;
  readonly #pushed: Pushed[] = [];
  #pushedBytes = 0;
  readonly #proofs: ForkProofs;
  readonly #bell = new Doorbell();
  #failure: CollectiveError | undefined;

  constructor(options: OriginSyncOptions) {
    this.#options = options;
    this.#faults = new SourceFaults(options.clock);
    this.#proofs = new ForkProofs(options.hasher);
  }

  /** Why the copy cannot be kept up for now, on this side. */
  get failure(): CollectiveError | undefined {
    return this.#failure;
  }

  /** Blocks that came without being asked for. Where there is no room for them they are asked for later. */
  push(memberId: MemberId, blocks: readonly Uint8Array[]): void {
    const bytes = bytesOf(blocks);
    if (this.#faults.blocked(memberId) || this.#pushedBytes + bytes > LIMITS.peerPushBytes) return;
    this.#pushed.push({ memberId, blocks, bytes });
    this.#pushedBytes += bytes;
    this.wake();
  }

  /** Two blocks of which somebody says that they are signed for one place. */
  prove(memberId: MemberId, blocks: readonly [Uint8Array, Uint8Array]): void {
    if (this.#faults.blocked(memberId)) return;
    this.#proofs.add(memberId, blocks);
    this.wake();
  }

  /** What others hold may have changed, or what is taken. */
  wake(): void {
    this.#bell.ring();
  }

  /** Until the signal; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { logger, origin, timers } = this.#options;
    while (!signal.aborted) {
      try {
        this.#bell.answer();
        if (!(await this.#step(signal))) await this.#idle(signal);
        this.#failure = undefined;
      } catch (error) {
        if (signal.aborted) return;
        const failure = toCollectiveError(error);
        if (this.#failure?.code !== failure.code) logger.error('a log cannot be kept up', { origin, error: failure });
        this.#failure = failure;
        if (failure.code === 'LOG_FAILED' || failure.code === 'LOG_DAMAGED') await this.#reopen();
        // It rejects when this is stopped, which the loop sees.
        await timers.sleep(LIMITS.peerRetryMs, signal).catch(() => undefined);
      }
    }
  }

  /** False: there is nothing to do. */
  async #step(signal: AbortSignal): Promise<boolean> {
    const { origin, logs, sources, boundOf } = this.#options;
    const damage = logs.get(origin)?.damage;
    if (damage !== undefined) {
      await logs.replace(origin, damage);
      return true;
    }
    const pushed = this.#pushed.shift();
    if (pushed !== undefined) {
      this.#pushedBytes -= pushed.bytes;
      if (logs.get(origin)?.size.isFull === true) return true;
      await this.#takePushed(await logs.open(origin), pushed);
      return true;
    }
    if (await this.#takeProof()) return true;
    if (logs.get(origin)?.size.isFull === true) return false;
    const held = logs.get(origin)?.head;
    const ours = held ?? { origin, epoch: 1, sequence: 0, headerHash: new Uint8Array(32) };
    const bound = boundOf(origin);
    const within = sources(origin).flatMap((source) => bounded(source, ours.sequence, bound));
    const usable = within.filter(({ memberId }) => !this.#faults.blocked(memberId));
    const step = nextStep(ours, logs.get(origin)?.fork !== undefined, usable, { rangeEvents: LIMITS.peerRangeEvents });
    if (step.kind === 'nothing') return false;
    const log = await logs.open(origin);
    if (step.kind === 'pull') await this.#pull(log, step.pulls, bound, signal);
    else if (step.kind === 'follow-epoch') await this.#follow(log, step.memberId, signal);
    else await this.#compare(log, step.memberId, signal);
    return true;
  }

  async #takePushed(log: ForeignLog, { memberId, blocks }: Pushed): Promise<void> {
    const { hasher } = this.#options;
    const first = parseBlock(blocks[0] ?? new Uint8Array(), hasher);
    const last = parseBlock(blocks.at(-1) ?? new Uint8Array(), hasher);
    if (!first.ok || !last.ok) {
      this.#refuse(memberId, first.ok ? (last.ok ? undefined : last.error) : first.error);
      return;
    }
    const run = { firstSequence: first.value.header.firstSequence, lastSequence: last.value.lastSequence };
    if (pushedRun(run, log.head) === 'gap' || log.fork !== undefined) return;
    await this.#store(log, memberId, blocks);
  }

  async #takeProof(): Promise<boolean> {
    const { logs, origin } = this.#options;
    const log = logs.get(origin);
    const proof = log === undefined ? undefined : this.#proofs.take(log.head.sequence);
    if (log === undefined || proof === undefined) return false;
    if (log.fork !== undefined) return true;
    for (const block of proof.blocks) await this.#store(log, proof.memberId, [block]);
    return true;
  }

  /** True: they are stored. What is wrong with them is told of; what is wrong here is thrown. */
  async #store(log: ForeignLog, memberId: MemberId, blocks: readonly Uint8Array[]): Promise<boolean> {
    const { boundOf, hasher, origin, onStored } = this.#options;
    const bound = boundOf(origin);
    const before = log.head;
    try {
      const beyond = blocks.some((block) => {
        const parsed = parseBlock(block, hasher);
        return parsed.ok && !withinBound({ epoch: parsed.value.header.epoch, lastSequence: parsed.value.lastSequence }, bound);
      });
      if (beyond) throw pastTheBound();
      const after = await log.append(blocks);
      if (isNewer(after, before)) this.#faults.worked(memberId);
      return true;
    } catch (error) {
      this.#caught(log, memberId, error);
      return false;
    } finally {
      if (log.head.sequence !== before.sequence || log.head.epoch !== before.epoch) onStored(origin);
    }
  }

  async #pull(log: ForeignLog, pulls: readonly Pull[], bound: Bound, signal: AbortSignal): Promise<void> {
    const { origin, clientOf, clock, timers } = this.#options;
    const running = pulls.map((pull, index) => {
      const toSequence = bound === undefined ? pull.toSequence : Math.min(pull.toSequence ?? bound.sequence, bound.sequence);
      const range: PullRange = {
        origin,
        fromSequence: pull.fromSequence,
        toSequence,
        previousHeaderHash: index === 0 && log.head.sequence > 0 ? log.head.headerHash : undefined,
      };
      const pages = pullPages(clientOf(pull.memberId), range, { clock, timers, signal });
      return { pull, ahead: index === 0 ? undefined : new ReadAhead(pages, AHEAD_BYTES), pages };
    });
    try {
      for (const { pull, ahead, pages } of running) {
        if (!(await this.#takePages(log, pull, ahead?.pages() ?? pages, signal))) return;
        if (pull.toSequence !== undefined && log.head.sequence < pull.toSequence) return;
      }
    } finally {
      for (const { ahead } of running) await ahead?.stop();
    }
  }

  /** False: what else is being fetched is of no use now. */
  async #takePages(
    log: ForeignLog,
    { memberId, fromSequence }: Pull,
    pages: AsyncGenerator<readonly Uint8Array[], void, undefined>,
    signal: AbortSignal,
  ): Promise<boolean> {
    let came = false;
    let storing = false;
    let inVain = 0;
    try {
      for await (const blocks of pages) {
        came = true;
        const before = log.head;
        storing = true;
        if (!(await this.#store(log, memberId, blocks))) return false;
        storing = false;
        signal.throwIfAborted();
        if (log.size.isFull) return false;
        inVain = isNewer(log.head, before) ? 0 : inVain + 1;
        if (inVain > PAGES_IN_VAIN) throw new CollectiveError('PROTOCOL_ERROR', 'It gives what is held here already.');
      }
    } catch (error) {
      // What fails while blocks are stored is wrong here, not at the source.
      if (signal.aborted || storing) throw error;
      if (isCollectiveError(error) && error.code === 'LOG_FORKED' && !came) await this.#partsFrom(log, memberId, signal);
      else this.#sourceFailed(memberId, error);
      return false;
    }
    if (!came && log.head.sequence < fromSequence)
      this.#sourceFailed(memberId, new CollectiveError('NOT_FOUND', 'It gave nothing.'));
    return came;
  }

  /** The other side says that it has another block before what it was asked for. */
  async #partsFrom(log: ForeignLog, memberId: MemberId, signal: AbortSignal): Promise<void> {
    const theirs = this.#options.sources(this.#options.origin).find((source) => source.memberId === memberId);
    if ((theirs?.head.epoch ?? 0) > log.head.epoch) await this.#follow(log, memberId, signal);
    else await this.#compare(log, memberId, signal);
  }

  async #follow(log: ForeignLog, memberId: MemberId, signal: AbortSignal): Promise<void> {
    const { origin, onStored } = this.#options;
    try {
      await log.followEpoch(this.#sourceOf(memberId), signal);
      this.#faults.worked(memberId);
    } catch (error) {
      if (signal.aborted) throw error;
      if (isCollectiveError(error) && error.code === 'LOG_FORKED' && log.fork !== undefined) {
        // Until its owner ends the newest fork too, there is nothing to follow.
        this.#faults.refused(memberId);
      } else this.#caught(log, memberId, error);
      // Whoever tells of a later epoch and does not show it holds everybody up: it is asked ever more seldom.
      if (log.fork === undefined) this.#faults.unproven(memberId);
    } finally {
      onStored(origin);
    }
  }

  async #compare(log: ForeignLog, memberId: MemberId, signal: AbortSignal): Promise<void> {
    const { origin, hasher, sources } = this.#options;
    const source = this.#sourceOf(memberId);
    try {
      const sequence = sources(origin).find((each) => each.memberId === memberId)?.head.sequence ?? 0;
      const common = await lastCommon(log, { source, sequence }, { hasher, signal });
      for await (const block of source(common + 1, signal)) {
        await this.#store(log, memberId, [block]);
        break;
      }
    } catch (error) {
      if (signal.aborted) throw error;
      this.#caught(log, memberId, error);
    }
    if (log.fork === undefined) this.#faults.refused(memberId);
  }

  #sourceOf(memberId: MemberId): BlockByteSource {
    const { origin, clientOf, clock, timers } = this.#options;
    return async function* blocks(fromSequence, signal = new AbortController().signal) {
      const range = { origin, fromSequence, toSequence: undefined, previousHeaderHash: undefined };
      try {
        yield* pullBlocks(clientOf(memberId), range, { clock, timers, signal, stallMs: LIMITS.peerFollowStallMs });
      } catch (error) {
        // Whatever is wrong at the other side is not to be taken for something wrong with what is held here.
        throw new CollectiveError('UNAVAILABLE', `It could not give blocks: ${toCollectiveError(error).message}`, {
          cause: error,
        });
      }
    };
  }

  /** Sorts out whose fault it is; throws what is this side's. */
  #caught(log: ForeignLog, memberId: MemberId, error: unknown): void {
    if (!isCollectiveError(error)) throw error;
    if (error.code === 'LOG_FORKED' && log.fork !== undefined) this.#options.onForked(log, memberId);
    else if (error.code === 'LOG_FORKED') this.#faults.refused(memberId);
    else if (error.code === 'LOG_DAMAGED' && error.details?.['file'] === undefined) this.#refuse(memberId, error);
    else if (error.code === 'LOG_DAMAGED' || LOCAL.has(error.code)) throw error;
    else this.#sourceFailed(memberId, error);
  }

  #refuse(memberId: MemberId, error: CollectiveError | undefined): void {
    const { origin, onRefused } = this.#options;
    this.#faults.refused(memberId);
    onRefused(memberId, origin, error ?? new CollectiveError('LOG_DAMAGED', 'A block is refused: it cannot be read.'));
  }

  #sourceFailed(memberId: MemberId, error: unknown): void {
    if (isCollectiveError(error) && error.code === 'DEADLINE_EXCEEDED') this.#faults.refused(memberId);
    else this.#faults.failed(memberId);
    this.#options.logger.debug('blocks could not be fetched', { memberId, origin: this.#options.origin, error });
  }

  async #reopen(): Promise<void> {
    const { logs, origin, logger } = this.#options;
    await logs.reopen(origin).catch((error: unknown) => {
      logger.error('the copy of a log does not open', { origin, error: toCollectiveError(error) });
    });
  }

  #idle(signal: AbortSignal): Promise<void> {
    const timeoutMs = this.#faults.waitMs();
    return this.#bell.wait(signal, timeoutMs === undefined ? undefined : { timers: this.#options.timers, timeoutMs });
  }
}

/** Ranges meet within a block, so that a page may hold nothing new. */
const PAGES_IN_VAIN = 1;
const AHEAD_BYTES = 2 * LIMITS.peerPageBytes;
/** Of this coordinator's disk, whoever gave the blocks. */
const LOCAL: ReadonlySet<CollectiveError['code']> = new Set(['LOG_FAILED', 'IO_FAILED', 'NOT_ENOUGH_SPACE']);

const bytesOf = (blocks: readonly Uint8Array[]): number => blocks.reduce((sum, { length }) => sum + length, 0);

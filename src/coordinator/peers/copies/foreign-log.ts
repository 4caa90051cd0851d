import { type CollectiveError, LIMITS, type MemberId } from '../../../base/index.js';
import {
  type BlockByteSource,
  type Head,
  type LogCopy,
  type LogFork,
  type LogPosition,
  openLogCopy,
  parseBlock,
  type ReadOptions,
  type StoredBlock,
  type StoredBytes,
} from '../../../events/index.js';
import type { Clock, FileSystem, Hasher, Logger, SignatureVerifier, Timers } from '../../../ports/index.js';
import type { InvalidEvent } from '../../../projections/index.js';
import { type ForeignViews, OriginViews, type OriginViewsOptions } from './origin-views.js';
import { CopySize } from './copy-size.js';
import { StaleMarker } from './stale-marker.js';

export interface ForeignLogOptions {
  /** Absolute, exists. The copy lies in a folder below it that is named like its origin. */
  readonly root: string;
  readonly origin: MemberId;
  readonly views: ForeignViews;
  /** How much room the copy may take; nothing more is taken beyond that. */
  readonly limitBytes: number;
  readonly fileSystem: FileSystem;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly onApplied: OriginViewsOptions['onApplied'];
  /** `damage` has something to say. Must not throw. */
  readonly onDamaged: (origin: MemberId) => void;
}

/** Why nothing of a log is applied beyond some event, though it may be there. */
export type Frozen =
  | { readonly kind: 'forked'; readonly fork: LogFork }
  | { readonly kind: 'invalid'; readonly event: InvalidEvent }
  /** It is as large as it may become. What is there is applied. */
  | { readonly kind: 'full'; readonly bytes: number; readonly limitBytes: number };

/** The copy of another member's log that this coordinator keeps, and its views. One change at a time. */
export class ForeignLog {
  readonly origin: MemberId;
  readonly #options: ForeignLogOptions;
  readonly #copy: LogCopy;
  readonly #views: OriginViews;
  readonly #stale: StaleMarker;
  readonly size: CopySize;
  /** Settles when nothing is being changed. Never rejects. */
  #settled: Promise<unknown> = Promise.resolve();

  /** Opens the copy, or an empty one. Views are brought up to it beside. Errors: LOG_DAMAGED, IO_FAILED. */
  static async open(options: ForeignLogOptions): Promise<ForeignLog> {
    const { root, origin, fileSystem, hasher, verifier, logger } = options;
    const firstStepBytes = LIMITS.foreignLogStepBytes;
    const copy = await openLogCopy({ fileSystem, hasher, verifier, origin, directory: `${root}/${origin}`, firstStepBytes });
    for (const notice of copy.recovery.notices) logger.warn('mended in the copy of a log', { origin, notice });
    const log = new ForeignLog(options, copy);
    await log.size.count();
    if (await log.#stale.isSet()) log.#views.rebuild(() => log.#stale.clear());
    log.#views.wake();
    return log;
  }

  private constructor(options: ForeignLogOptions, copy: LogCopy) {
    const { origin, root, fileSystem } = options;
    this.origin = origin;
    this.#options = options;
    this.#copy = copy;
    this.size = new CopySize(fileSystem, `${root}/${origin}`, options.limitBytes);
    this.#stale = new StaleMarker(fileSystem, root, `${origin}.views-stale`);
    this.#views = new OriginViews({
      ...options,
      copy: () => copy,
      limits: { backlogBytes: LIMITS.peerBacklogBytes, turnMs: LIMITS.peerTurnMs, retryMs: LIMITS.peerRetryMs },
    });
  }

  /** What is durable. */
  get head(): Head {
    return this.#copy.head;
  }

  get headTimeMs(): number {
    return this.#copy.headTimeMs;
  }

  /** Where its views stand. */
  get applied(): LogPosition {
    return this.#options.views.position(this.origin);
  }

  get fork(): LogFork | undefined {
    return this.#copy.fork;
  }

  get frozen(): Frozen | undefined {
    const { fork } = this.#copy;
    if (fork !== undefined) return { kind: 'forked', fork };
    const { invalid } = this.#views;
    if (invalid !== undefined) return { kind: 'invalid', event: invalid };
    const { isFull, bytes, limitBytes } = this.size;
    return isFull ? { kind: 'full', bytes, limitBytes } : undefined;
  }

  /** Why its views are not kept up for now. */
  get failure(): CollectiveError | undefined {
    return this.#views.failure;
  }

  /** What is wrong with its files where its views read them. */
  get damage(): CollectiveError | undefined {
    const { failure } = this.#views;
    return failure?.code === 'LOG_DAMAGED' && failure.details?.['file'] !== undefined ? failure : undefined;
  }

  /**
   * Verifies and stores blocks in order, durable when it resolves; they are applied beside. Resolves later where too much waits
   * to be applied. Errors as LogCopy.append; what came before a refused block is stored.
   */
  append(blocks: readonly Uint8Array[]): Promise<Head> {
    const head = this.#copy.head;
    const mayCut = blocks.some((block) => {
      const parsed = parseBlock(block, this.#options.hasher);
      return parsed.ok && parsed.value.header.epoch > head.epoch && parsed.value.header.firstSequence <= head.sequence;
    });
    return this.#change(mayCut, (onStored) => this.#copy.append(blocks, onStored));
  }

  /** Takes the branch that a later epoch goes on with. Errors as LogCopy.followEpoch. */
  followEpoch(source: BlockByteSource, signal: AbortSignal): Promise<Head> {
    return this.#change(true, (onStored) => this.#copy.followEpoch(source, { signal, onStored }));
  }

  read(options: ReadOptions): AsyncIterable<StoredBlock> {
    return this.#copy.read(options);
  }

  /** As LogCopy.readBytes. */
  readBytes(options: ReadOptions): AsyncIterable<StoredBytes> {
    return this.#copy.readBytes(options);
  }

  /** Its views were found damaged. */
  rebuildViews(): void {
    this.#views.rebuild(() => Promise.resolve());
  }

  /** Resolves when everything stored so far is applied, as far as it can be. */
  async settled(): Promise<void> {
    await this.#settled;
    await this.#views.settled();
  }

  async close(): Promise<void> {
    await this.#settled;
    await this.#views.stop();
    await this.#copy.close();
  }

  #change(mayCut: boolean, work: (onStored: (block: StoredBlock) => void) => Promise<Head>): Promise<Head> {
    const result = this.#settled.then(async () => {
      await this.#views.room();
      if (mayCut) await this.#stale.set();
      const before = this.#copy.head.sequence;
      let cutFrom: number | undefined;
      try {
        return await work((block) => {
          this.size.grew(block.bytes.length);
          const { firstSequence } = block.header;
          if (firstSequence <= before) cutFrom = Math.min(cutFrom ?? firstSequence, firstSequence);
          if (cutFrom === undefined) this.#views.stored(block);
        });
      } finally {
        const shorter = this.#copy.head.sequence < before ? this.#copy.head.sequence + 1 : undefined;
        const cut = cutFrom ?? shorter;
        if (cut !== undefined) await this.#views.cutFrom(cut, () => this.#stale.clear());
        else if (mayCut && !this.#views.rebuilding) await this.#stale.clear();
        this.#views.wake();
        if (cut !== undefined || this.size.countDue) await this.size.count();
      }
    });
    // What it throws goes to its caller.
    this.#settled = result.catch(() => undefined);
    return result;
  }
}

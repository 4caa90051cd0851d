import { assert, CollectiveError, equalBytes, isCollectiveError, type MemberId } from '../../base/index.js';
import type { Signer } from '../../ports/index.js';
import { sealBlock, type StoredBlock } from '../chain/index.js';
import type { CollectiveEvent } from '../catalogue/index.js';
import type { Head } from '../event.js';
import { adoptBlocks } from './writing/adopt.js';
import { OpenBlock } from './writing/block-builder.js';
import { segmentFile } from './files/file-names.js';
import { Salts } from './files/salts.js';
import { chained } from './reading/segment-scan.js';
import type { StoredLog } from './stored-log.js';
import type {
  BlockBuilder,
  EpochChange,
  EventLog,
  KeyChange,
  LogOptions,
  LogRecovery,
  LogVerification,
  ReadOptions,
  StoredBytes,
  VerifyOptions,
} from './types.js';

/** A member's own log: the one writer of a StoredLog, which signs what it appends. */
export class SegmentLog implements EventLog {
  readonly recovery: LogRecovery;
  readonly #options: LogOptions;
  readonly #stored: StoredLog;
  readonly #salts: Salts;
  readonly #listeners = new Set<(block: StoredBlock) => void>();
  /** Undefined while nobody has the key that the log says signs next. */
  #signer: Signer | undefined;
  #builder: OpenBlock | undefined;
  #begun = false;

  constructor(options: LogOptions, stored: StoredLog, signer: Signer | undefined) {
    this.#options = options;
    this.#stored = stored;
    this.#salts = new Salts(options.random);
    this.#signer = signer;
    this.recovery = stored.recovery;
  }

  get origin(): MemberId {
    return this.#stored.head.origin;
  }

  get publicKey(): Uint8Array {
    return this.#stored.publicKey;
  }

  get head(): Head {
    return this.#stored.head;
  }

  get headTimeMs(): number {
    return this.#stored.tail.timeMs;
  }

  get failure(): Error | undefined {
    return this.#stored.failure;
  }

  get lastSegment(): EventLog['lastSegment'] {
    const { segment, endOffset } = this.#stored.tail;
    return segment === 0 ? undefined : { file: segmentFile(segment), usedBytes: endOffset };
  }

  begin(): BlockBuilder {
    if (this.#signer === undefined) {
      this.#stored.checkUsable();
      throw new CollectiveError('LOG_READ_ONLY', 'Nothing can be appended: the key that signs this log is not here.', {
        next: 'Start a new epoch with the identity key.',
      });
    }
    return this.#open(this.#stored.tail.epoch, this.#signer);
  }

  readBytes(options: ReadOptions): AsyncIterable<StoredBytes> {
    return this.#stored.readBytes(options);
  }

  read(options: ReadOptions): AsyncIterable<StoredBlock> {
    return this.#stored.read(options);
  }

  verify(options: VerifyOptions = {}): AsyncIterable<LogVerification> {
    return this.#stored.verify(options);
  }

  onCommitted(listener: (block: StoredBlock) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async adopt(blocks: readonly Uint8Array[]): Promise<Head> {
    this.#stored.checkUsable();
    assert(!this.#begun, 'blocks are adopted before the first one is begun');
    await this.#stored.exclusively(() => adoptBlocks(this.#options, this.#stored, blocks, (block) => this.#publish(block)));
    const { publicKey } = this.#stored;
    if (this.#signer === undefined || !equalBytes(this.#signer.publicKey, publicKey)) {
      this.#signer = signersOf(this.#options).find((signer) => equalBytes(signer.publicKey, publicKey));
    }
    return this.head;
  }

  async rotateKey(change: KeyChange): Promise<StoredBlock> {
    const { signer } = change;
    assert(this.#signer !== undefined, 'a key is rotated by the one before it');
    const { epoch } = this.#stored.tail;
    const event: CollectiveEvent = {
      type: 'LogKeyRotated',
      logPublicKey: signer.publicKey,
      logKeyEndorsement: change.endorsement,
    };
    const block = await this.#alone(event, change, epoch, this.#signer);
    this.#signer = signer;
    return block;
  }

  async startEpoch(change: EpochChange): Promise<StoredBlock> {
    const { signer, identitySigner, endorsement, reason } = change;
    const { epoch: previousEpoch, sequence: cutSequence, headerHash: cutHash } = this.#stored.tail;
    const epoch = change.epoch ?? previousEpoch + 1;
    const owner = this.#stored.chain.owner?.identityPublicKey;
    if (owner === undefined || !equalBytes(identitySigner.publicKey, owner)) {
      throw new CollectiveError('REQUEST_INVALID', 'An epoch is started with the identity key of this log.');
    }
    const event: CollectiveEvent = {
      type: 'EpochStarted',
      epoch,
      previousEpoch,
      cutSequence,
      cutHash,
      logPublicKey: signer.publicKey,
      logKeyEndorsement: endorsement,
      reason,
    };
    const block = await this.#alone(event, change, epoch, identitySigner);
    this.#signer = signer;
    return block;
  }

  close(): Promise<void> {
    return this.#stored.close();
  }

  #open(epoch: number, signer: Signer): OpenBlock {
    this.#stored.checkUsable();
    assert(this.#builder === undefined, 'a log has one writer: the block before is committed or discarded first');
    const { clock, hasher } = this.#options;
    const { tail, chain } = this.#stored;
    this.#begun = true;
    this.#builder = new OpenBlock({
      origin: chain.identity.origin,
      epoch,
      tail,
      clock,
      salts: this.#salts,
      hasher,
      store: (block) => this.#commit(block, epoch, signer),
      released: () => {
        this.#builder = undefined;
      },
    });
    return this.#builder;
  }

  /** A block with this event alone. REQUEST_INVALID, before anything is written, for a change that no reader would accept. */
  async #alone(event: CollectiveEvent, change: KeyChange, epoch: number, signer: Signer): Promise<StoredBlock> {
    const { actor = 'coordinator', request } = change;
    const builder = this.#open(epoch, signer);
    try {
      builder.addAlone({ event, actor, request, cause: undefined });
    } catch (error) {
      builder.discard();
      throw error;
    }
    return builder.commit();
  }

  async #commit(builder: OpenBlock, epoch: number, signer: Signer): Promise<StoredBlock> {
    try {
      return await this.#stored.exclusively(() => this.#store(builder, epoch, signer));
    } catch (error) {
      if (isCollectiveError(error) && (error.code === 'NOT_ENOUGH_SPACE' || error.code === 'REQUEST_INVALID')) {
        this.#builder = undefined;
        throw error;
      }
      throw this.#stored.fail(error);
    }
  }

  async #store(builder: OpenBlock, epoch: number, signer: Signer): Promise<StoredBlock> {
    const { hasher } = this.#options;
    const { origin, sequence, headerHash: previousHeaderHash } = this.#stored.head;
    const link = { origin, epoch, firstSequence: sequence + 1, previousHeaderHash };
    const sealed = sealBlock(link, builder.content(), { hasher, signer });
    const block: StoredBlock = { ...sealed, lastSequence: sequence + sealed.header.count, events: builder.events };
    const next = chained(this.#stored.chain, block);
    if (!next.ok) {
      const problem = `This cannot be recorded: ${next.error.message}`;
      throw new CollectiveError('REQUEST_INVALID', problem, { cause: next.error });
    }
    await this.#stored.store([next.value], () => {
      this.#builder = undefined;
      this.#publish(block);
    });
    return block;
  }

  #publish(block: StoredBlock): void {
    for (const listener of this.#listeners) listener(block);
  }
}

export const signersOf = ({ signer }: LogOptions): readonly Signer[] => (isOne(signer) ? [signer] : signer);

const isOne = (signer: LogOptions['signer']): signer is Signer => !Array.isArray(signer);

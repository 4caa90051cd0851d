import type { MemberId } from '../../base/index.js';
import type { Clock, FileSystem, Hasher, Random, SignatureVerifier, Signer } from '../../ports/index.js';
import type { BlockHeader, StoredBlock } from '../chain/types.js';
import type { Actor, EventDraft, Head, RecordedEvent, RequestRef } from '../event.js';

/** What reading a log needs. */
export interface LogReadingOptions {
  readonly fileSystem: FileSystem;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  /** Absolute path of the folder of this one origin. */
  readonly directory: string;
  readonly origin: MemberId;
}

/** How the segments of a log that is written to are sized. */
export interface SegmentSizes {
  /** A segment is not grown beyond this. Default: LIMITS.segmentBytes. */
  readonly segmentBytes?: number;
  /** Zeros are written ahead in steps of this. Default: LIMITS.segmentStepBytes. */
  readonly segmentStepBytes?: number;
  /** Where given, a segment begins so small and doubles up to the step: for logs of which there are many. */
  readonly firstStepBytes?: number;
}

/** What writing a log needs besides. */
export interface LogOptions extends LogReadingOptions, SegmentSizes {
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Hold log keys: the one that the log says signs next is used. Several while a rotation may have been cut short by a crash.
   * None: the log can be read, adopt blocks and start an epoch, but nothing can be appended.
   */
  readonly signer: Signer | readonly Signer[];
}

/** What a copy of somebody's log needs. */
export interface LogCopyOptions extends LogReadingOptions, SegmentSizes {}

/** What opening a log found above HEAD and did about it. */
export interface LogRecovery {
  /** Whole blocks that the last run had written but not acknowledged. */
  readonly keptBlocks: number;
  /** Bytes of a torn end that were erased, up to the last one that was not zero. */
  readonly droppedBytes: number;
  /** Damage that redundancy covered, such as one unreadable HEAD record; sentences for a log line. */
  readonly notices: readonly string[];
}

export interface ReadOptions {
  /** The first block read is the one that holds this sequence; 1 or more. */
  readonly fromSequence: number;
  /** Inclusive; the last block read is the one that holds it. Default: the durable head when the call was made. */
  readonly toSequence?: number;
  readonly signal?: AbortSignal;
}

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  /** Progress is said, and so others may get a turn, each time that many bytes of blocks were read. Default: 4 MiB. */
  readonly progressBytes?: number;
}

/** What a verification of a whole log says as it goes. */
export type LogVerification =
  | {
      readonly kind: 'progress';
      readonly segment: string;
      readonly blocks: number;
      readonly events: number;
      readonly bytes: number;
      /** Of the last event seen. */
      readonly sequence: number;
    }
  | {
      readonly kind: 'damage';
      /** Name of the file in the log's folder. */
      readonly file: string;
      readonly offset: number;
      /** The first event affected, as far as it can be told; 0 for a file without events. */
      readonly sequence: number;
      /** A sentence. */
      readonly problem: string;
    }
  | {
      readonly kind: 'finished';
      readonly segments: number;
      readonly blocks: number;
      readonly events: number;
      readonly bytes: number;
      readonly damages: number;
      /** Of the last event that is whole; 0 for none. */
      readonly sequence: number;
    };

/** The block being written. Exactly one exists at a time. */
export interface BlockBuilder {
  /** In the order they were added; positions and times are final once `commit` resolves. */
  readonly events: readonly RecordedEvent[];
  /** Whether all of these would still go into this block. Never throws. */
  fits(drafts: readonly EventDraft[]): boolean;
  /**
   * Gives the event its position, time, salt and hash. Errors (nothing was added): REQUEST_INVALID for a value out of its
   * range, LIMIT_EXCEEDED for a payload or block that gets too large.
   */
  add(draft: EventDraft): RecordedEvent;
  /**
   * Resolves when the block is durable and HEAD names it. NOT_ENOUGH_SPACE: nothing was written, the builder is gone, the
   * log goes on. LOG_FAILED: whether the block is durable is unknown until the next start; the process has to end.
   */
  commit(): Promise<StoredBlock>;
  /** Gives the block up; its positions are used by the next one. */
  discard(): void;
}

/** A block as it lies on the disk: what its header says of its place, and its bytes. */
export interface StoredBytes {
  readonly header: BlockHeader;
  readonly lastSequence: number;
  readonly headerHash: Uint8Array;
  readonly bytes: Uint8Array;
}

/** A log to read from. */
export interface LogReader {
  readonly origin: MemberId;
  /** SPKI DER of the log key. */
  readonly publicKey: Uint8Array;
  /** The durable head: what `commit` has resolved for. */
  readonly head: Head;
  /** Time of the last durable event; 0 when the log is empty. */
  readonly headTimeMs: number;
  /** Verified blocks in order. Errors: LOG_DAMAGED (naming file, offset and sequence), IO_FAILED, CANCELLED. */
  read(options: ReadOptions): AsyncIterable<StoredBlock>;
  /**
   * The same blocks for somebody who verifies them: each is whole by its checksum and stands where its header says, and no more
   * is checked. Errors as `read`.
   */
  readBytes(options: ReadOptions): AsyncIterable<StoredBytes>;
  /** Checks everything up to the durable head. Damage is said, not thrown; CANCELLED is thrown. */
  verify(options?: VerifyOptions): AsyncIterable<LogVerification>;
}

/** How a log goes on other than by appending. */
export interface LogContinuation {
  /**
   * Extends the durable head by blocks that this same log had signed before: a lost tail, or what came after the backup that
   * was put back. Before the first `begin()` only. Blocks that are held are skipped; one sync for all. Errors, nothing stored:
   * LOG_FORKED (another block is held at a position; `details.commonSequence` is the last event that both have), LOG_DAMAGED
   * (a gap, or a block that does not verify), NOT_ENOUGH_SPACE.
   */
  adopt(blocks: readonly Uint8Array[]): Promise<Head>;
  /**
   * Signs with another key from the next block on. The new private key must be durable before the call, the old one stays
   * until it resolved: after a crash in between, `openLog` takes both and uses the right one. No builder may be open.
   */
  rotateKey(change: KeyChange): Promise<StoredBlock>;
  /**
   * Goes on in a new epoch after the durable head: for a log that may have lost its end, or whose log key is lost. The same
   * rules for keys as with rotateKey. No builder may be open.
   */
  startEpoch(change: EpochChange): Promise<StoredBlock>;
}

/** One member's own log, open for its one writer. Every call throws LOG_FAILED once it failed, UNAVAILABLE once closed. */
export interface EventLog extends LogReader, LogContinuation {
  readonly recovery: LogRecovery;
  /** Why the log failed; undefined while it works. */
  readonly failure: Error | undefined;
  /** The file that is appended to, and how much of it is in use: behind that are zeros. Undefined in an empty log. */
  readonly lastSegment: { readonly file: string; readonly usedBytes: number } | undefined;
  /** AssertionError while another builder is neither committed nor discarded. */
  begin(): BlockBuilder;
  /**
   * Called with each block after it became durable and before its `commit` resolves. A listener that throws fails the log:
   * a view that missed a block must not go on. Returns how to stop.
   */
  onCommitted(listener: (block: StoredBlock) => void): () => void;
  /** Waits for a running commit. Idempotent. */
  close(): Promise<void>;
}

export interface KeyChange {
  /** Holds the new log key. */
  readonly signer: Signer;
  /** The identity key's endorsement of it, valid from `head.sequence + 2` or earlier. */
  readonly endorsement: Uint8Array;
  /** Default: `coordinator`. */
  readonly actor?: Actor;
  readonly request?: RequestRef;
}

export interface EpochChange extends KeyChange {
  /** Holds the identity key: it signs this one block. */
  readonly identitySigner: Signer;
  /** Default: one more than the epoch of the head. Higher, where somebody may have started that one already. */
  readonly epoch?: number;
  /** At most LIMITS.noteBytes. */
  readonly reason: string;
}

/** Two blocks that their owner signed for the same place. */
export interface LogFork {
  /** Of the first event of both; where both start an epoch, of the one that is held. */
  readonly sequence: number;
  readonly held: Uint8Array;
  readonly other: Uint8Array;
}

/** Blocks in order, from the one that holds this sequence on. */
export type BlockByteSource = (fromSequence: number, signal?: AbortSignal) => AsyncIterable<Uint8Array>;

/**
 * A verified, append-only copy of somebody's log. Nothing vouches for its keys but the member id: the first block names the
 * identity key and the log key, later blocks change the latter. Every call throws LOG_FAILED once it failed, UNAVAILABLE once
 * closed.
 */
export interface LogCopy {
  readonly origin: MemberId;
  /** What `append` has resolved for. */
  readonly head: Head;
  readonly headTimeMs: number;
  /** Proof that its owner signed two logs; then nothing but a higher epoch is taken. Kept on disk. */
  readonly fork: LogFork | undefined;
  readonly recovery: LogRecovery;
  /**
   * Verifies and stores blocks in order; resolves when they are durable: one sync for all. Held blocks are skipped. A start of
   * a new epoch at or before the head puts aside what is held past its cut. Errors, with what came before in the batch stored
   * or not: LOG_FORKED (see `fork`; without it: the block is of a branch that a later epoch cut off), LOG_DAMAGED (a gap, or
   * a block that does not verify), NOT_ENOUGH_SPACE, LOG_FAILED. `onStored` gets each block that was new, once it is durable,
   * also where a later one of the batch is refused; it must not throw.
   */
  append(blocks: readonly Uint8Array[], onStored?: (block: StoredBlock) => void): Promise<Head>;
  /**
   * For a fork that its owner has ended by starting an epoch on the other branch: finds where the branches part, puts aside
   * what is held after that, and takes the other branch. The source is read twice. Errors as append; LOG_FORKED too where the
   * source has no higher epoch than this copy.
   */
  followEpoch(
    source: BlockByteSource,
    options?: { readonly signal?: AbortSignal; readonly onStored?: (block: StoredBlock) => void },
  ): Promise<Head>;
  read(options: ReadOptions): AsyncIterable<StoredBlock>;
  /** As LogReader.readBytes. */
  readBytes(options: ReadOptions): AsyncIterable<StoredBytes>;
  verify(options?: VerifyOptions): AsyncIterable<LogVerification>;
  /** Waits for a running append. Idempotent. */
  close(): Promise<void>;
}

/** What mending did. */
export interface MendReport {
  /** Ranges of events (inclusive) that were taken from the source. */
  readonly filled: readonly { readonly fromSequence: number; readonly toSequence: number }[];
  /** Names of files that were written anew. */
  readonly files: readonly string[];
}

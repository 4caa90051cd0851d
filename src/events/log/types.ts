import type { MemberId } from '../../base/index.js';
import type { Clock, FileSystem, Hasher, Random, SignatureVerifier, Signer } from '../../ports/index.js';
import type { StoredBlock } from '../chain/types.js';
import type { EventDraft, Head, RecordedEvent } from '../event.js';

/** What reading a log needs. */
export interface LogReadingOptions {
  readonly fileSystem: FileSystem;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  /** Absolute path of the folder of this one origin. */
  readonly directory: string;
  readonly origin: MemberId;
}

/** What writing a log needs besides. */
export interface LogOptions extends LogReadingOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Holds the log key: the one that IDENTITY names. */
  readonly signer: Signer;
  /** A segment is not grown beyond this. Default: LIMITS.segmentBytes. */
  readonly segmentBytes?: number;
  /** Zeros are written ahead in steps of this. Default: LIMITS.segmentStepBytes. */
  readonly segmentStepBytes?: number;
}

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
  /** Checks everything up to the durable head. Damage is said, not thrown; CANCELLED is thrown. */
  verify(options?: { readonly signal?: AbortSignal }): AsyncIterable<LogVerification>;
}

/** One member's own log, open for its one writer. Every call throws LOG_FAILED once it failed, UNAVAILABLE once closed. */
export interface EventLog extends LogReader {
  readonly recovery: LogRecovery;
  /** Why the log failed; undefined while it works. */
  readonly failure: Error | undefined;
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

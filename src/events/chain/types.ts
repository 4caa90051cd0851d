import type { MemberId } from '../../base/index.js';
import type { RecordedEvent } from '../event.js';

/** What the first bytes of a block say. The signature covers all of it. */
export interface BlockHeader {
  readonly origin: MemberId;
  readonly epoch: number;
  readonly firstSequence: number;
  /** 1 to 256. */
  readonly count: number;
  readonly firstTimeMs: number;
  readonly lastTimeMs: number;
  /** Bytes of the body as it was written, every payload present. */
  readonly bodyBytes: number;
  /** 32 zeros in a log's first block. */
  readonly previousHeaderHash: Uint8Array;
  /** SHA-256 of the event hashes one after another. */
  readonly bodyHash: Uint8Array;
  /** First 16 bytes of SHA-256 of the log key (SPKI DER). */
  readonly keyId: Uint8Array;
}

/** A block that was verified: what it says, and the bytes that were signed, stored and are sent. */
export interface StoredBlock {
  readonly header: BlockHeader;
  readonly lastSequence: number;
  /** SHA-256 of the header bytes without the signature: what the next block names as its previous one. */
  readonly headerHash: Uint8Array;
  /** Owned by the receiver; never re-encoded. */
  readonly bytes: Uint8Array;
  readonly events: readonly RecordedEvent[];
}

/** Where a block has to stand in its chain. */
export interface BlockExpectation {
  readonly origin: MemberId;
  readonly epoch: number;
  readonly firstSequence: number;
  /** Undefined when the block before was not seen: then the link is not checked, the signature is. */
  readonly previousHeaderHash: Uint8Array | undefined;
  /** Of the event before; 0 when there is none or it was not seen. */
  readonly previousTimeMs: number;
  /** SPKI DER of the log key with this id; undefined for a key that does not speak for this origin. */
  readonly publicKeyOf: (keyId: Uint8Array) => Uint8Array | undefined;
  /** Whether payloads may be missing. Default: false. */
  readonly allowPruned?: boolean;
}

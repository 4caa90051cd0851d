import type { ChunkId, ClientId, ExtentListId, MemberId, NodeId, UploadId } from '../../base/index.js';
import type { Spread } from './sharing.js';

export interface UploadOpened {
  readonly type: 'UploadOpened';
  readonly uploadId: UploadId;
  readonly clientId: ClientId;
  readonly copies: number;
  readonly expiresAtMs: number;
  /** How many of the copies have to exist before a commit. 0: what the coordinator's setting says. */
  readonly minimumCopies: number;
  readonly spread: Spread;
}

export interface UploadCompleted {
  readonly type: 'UploadCompleted';
  readonly uploadId: UploadId;
}

export interface UploadAbandoned {
  readonly type: 'UploadAbandoned';
  readonly uploadId: UploadId;
  readonly reason: 'client' | 'expired';
}

/** A run of bytes of a file. A chunk covers the whole extent: `lengthBytes` is the chunk's length. */
export interface Extent {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** Undefined: a hole. */
  readonly chunkId: ChunkId | undefined;
}

/** Part of a long file's content, logged as the upload goes on. Extents are ordered, adjacent and 1 to 512. */
export interface ExtentsRecorded {
  readonly type: 'ExtentsRecorded';
  readonly uploadId: UploadId;
  /** Lower-case hex SHA-256 of domain string and encoded extents. */
  readonly extentListId: ExtentListId;
  readonly extents: readonly Extent[];
}

/** Copies on nodes by their receipts, and with other members by their word. What is on record already is not repeated. */
export interface CopiesRecorded {
  readonly type: 'CopiesRecorded';
  readonly nodeIds: readonly NodeId[];
  readonly memberIds: readonly MemberId[];
  readonly chunks: readonly {
    readonly chunkId: ChunkId;
    readonly lengthBytes: number;
    /** Indexes into nodeIds and, counted on, memberIds. */
    readonly holders: readonly number[];
  }[];
}

/** Who keeps a copy: a node of the own member, or another member. */
export type CopyHolder = { readonly nodeId: NodeId } | { readonly memberId: MemberId };

/** Copies that do not count any more. */
export interface CopiesLost {
  readonly type: 'CopiesLost';
  readonly holder: CopyHolder;
  /** damaged, missing: as found; released: given back on purpose; forfeited: the holder is revoked, removed or gone for good. */
  readonly reason: 'damaged' | 'missing' | 'released' | 'forfeited';
  readonly chunkIds: readonly ChunkId[];
}

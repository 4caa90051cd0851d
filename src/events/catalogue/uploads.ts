import type { ChunkId, ClientId, ExtentListId, NodeId, UploadId } from '../../base/index.js';

export interface UploadOpened {
  readonly type: 'UploadOpened';
  readonly uploadId: UploadId;
  readonly clientId: ClientId;
  readonly copies: number;
  readonly expiresAtMs: number;
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

/** Receipted copies. A pair of chunk and node that is on record already is not repeated. */
export interface CopiesRecorded {
  readonly type: 'CopiesRecorded';
  readonly nodeIds: readonly NodeId[];
  readonly chunks: readonly {
    readonly chunkId: ChunkId;
    readonly lengthBytes: number;
    /** Indexes into nodeIds. */
    readonly holders: readonly number[];
  }[];
}

/** Copies that turned out damaged or missing. */
export interface CopiesLost {
  readonly type: 'CopiesLost';
  readonly nodeId: NodeId;
  readonly reason: 'damaged' | 'missing';
  readonly chunkIds: readonly ChunkId[];
}

import type { ChunkId, FileId, GrantId, MemberId, NodeId, UploadId } from '../../base/index.js';

/** Each by itself: who may write may not therefore read. */
export type GrantRight = 'read' | 'write';

/** Another member may do something with a directory and all that is below it now or later. The grant's id is this event's position. */
export interface GrantGiven {
  readonly type: 'GrantGiven';
  readonly directoryId: FileId;
  readonly memberId: MemberId;
  /** At least one, `read` first. */
  readonly rights: readonly GrantRight[];
  /** 0: without an end. */
  readonly untilMs: number;
}

export interface GrantWithdrawn {
  readonly type: 'GrantWithdrawn';
  readonly grantId: GrantId;
}

/** How much this member keeps for another. */
export interface PledgeChanged {
  readonly type: 'PledgeChanged';
  readonly memberId: MemberId;
  /** 0: nothing any more. */
  readonly bytes: number;
}

/** nodes: on any distinct holders; members: with as many members as there are, and at most one copy with each of them. */
export type Spread = 'nodes' | 'members';

/** How what is put below a directory is kept; the nearest directory above that has a policy counts. */
export interface PolicySet {
  readonly type: 'PolicySet';
  readonly directoryId: FileId;
  /** 0: no policy of its own any more. */
  readonly copies: number;
  /** Of these, how many have to exist before a put succeeds. 0 only where `copies` is. */
  readonly minimumCopies: number;
  readonly spread: Spread;
}

/** Chunks of another member that nodes of this one hold now, by their receipts. */
export interface ForeignCopiesAccepted {
  readonly type: 'ForeignCopiesAccepted';
  /** Whose chunks they are. */
  readonly origin: MemberId;
  /** Of the origin's. */
  readonly uploadId: UploadId;
  readonly nodeIds: readonly NodeId[];
  readonly chunks: readonly {
    readonly chunkId: ChunkId;
    readonly lengthBytes: number;
    /** Indexes into nodeIds. */
    readonly holders: readonly number[];
  }[];
}

/** Another node of this member holds them now, instead of the first. */
export interface ForeignCopiesMoved {
  readonly type: 'ForeignCopiesMoved';
  readonly origin: MemberId;
  readonly fromNodeId: NodeId;
  readonly toNodeId: NodeId;
  readonly chunkIds: readonly ChunkId[];
}

/** Nothing of these is kept for that member any more, on any node. */
export interface ForeignCopiesReleased {
  readonly type: 'ForeignCopiesReleased';
  readonly origin: MemberId;
  readonly chunkIds: readonly ChunkId[];
}

export interface ForeignCopiesLost {
  readonly type: 'ForeignCopiesLost';
  readonly origin: MemberId;
  readonly nodeId: NodeId;
  /** forfeited: the node is revoked or gone for good. */
  readonly reason: 'damaged' | 'missing' | 'forfeited';
  readonly chunkIds: readonly ChunkId[];
}

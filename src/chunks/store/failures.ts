import { CollectiveError } from '../../base/index.js';
import { isFileSystemError } from '../../ports/index.js';

/** What a failed operation of the file system means for the store. */
export type FailureKind =
  /** No room: this request is refused, the next may succeed. */
  | 'full'
  /** The process is short of something; the disk is not at fault. */
  | 'busy'
  /** The disk is not to be trusted with new bytes until it was checked. */
  | 'broken';

const KINDS: ReadonlyMap<string, FailureKind> = new Map([
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['EMFILE', 'busy'],
  ['ENFILE', 'busy'],
  ['ENOMEM', 'busy'],
  ['EAGAIN', 'busy'],
]);

export const failureKind = (error: unknown): FailureKind => (isFileSystemError(error) && KINDS.get(error.errno)) || 'broken';

export const isMissing = (error: unknown): boolean => isFileSystemError(error) && error.errno === 'ENOENT';

export function nodeFull(why: string, cause?: unknown): CollectiveError {
  return new CollectiveError('NODE_FULL', `The node has no room for this chunk: ${why}.`, {
    next: 'Give the node more capacity or a larger disk, or add a node.',
    cause,
  });
}

export const nodeReadOnly = (reason: string): CollectiveError =>
  new CollectiveError('NODE_READ_ONLY', `The node takes no new chunks since its disk failed: ${reason}.`, {
    next: "Look at the node's disk; it is checked again by itself and on restart.",
  });

export const nodeBusy = (cause: unknown): CollectiveError =>
  new CollectiveError('UNAVAILABLE', 'The node is short of files or memory right now.', {
    next: 'Try again in a moment.',
    cause,
  });

export const chunkUnknown = (chunkId: string): CollectiveError =>
  new CollectiveError('CHUNK_UNKNOWN', `The node holds no chunk ${chunkId} for this member.`, { details: { chunkId } });

export const chunkDamaged = (chunkId: string, reason: string): CollectiveError =>
  new CollectiveError('CHUNK_DAMAGED', `The node's copy of chunk ${chunkId} is damaged (${reason}).`, {
    next: 'Read another copy; the node reports the damage to its coordinator.',
    details: { chunkId, reason },
  });

export const cancelled = (signal: AbortSignal): CollectiveError =>
  new CollectiveError('CANCELLED', 'The operation was cancelled.', { cause: signal.reason });

export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw cancelled(signal);
}

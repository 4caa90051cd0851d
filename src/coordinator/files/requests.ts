import {
  accept,
  type ChunkId,
  CollectiveError,
  type ExtentListId,
  type FileId,
  isChunkId,
  isExtentListId,
  isFileId,
  isUploadId,
  LIMITS,
  parseRemotePath,
  type UploadId,
  utf8,
} from '../../base/index.js';
import type { Extent, FileTime } from '../../events/index.js';
import type { Extent as WireExtent, FileTime as WireFileTime } from '../../transport/index.js';

const PERMISSIONS = 0o7777;
const NANOSECONDS = 1_000_000_000;

/** Names from the root of a path of the own tree. Errors: PATH_INVALID, NAME_INVALID, LIMIT_EXCEEDED, UNSUPPORTED. */
export function ownPath(text: string): readonly string[] {
  const { member, names } = accept(parseRemotePath(text));
  if (member !== undefined) {
    throw new CollectiveError('UNSUPPORTED', `That can be done in your own tree only, not in that of ${member}.`, {
      next: 'Leave out the member before the colon to name your own files.',
    });
  }
  return names;
}

export function uploadIdOf(text: string): UploadId {
  if (!isUploadId(text)) throw new CollectiveError('UPLOAD_UNKNOWN', 'That is not the id of an upload.');
  return text;
}

/** Empty: none. Error: REQUEST_INVALID. */
export function fileIdIn(text: string): FileId | undefined {
  if (text === '') return undefined;
  if (!isFileId(text)) {
    throw new CollectiveError('REQUEST_INVALID', 'That is not the id of a file.', {
      next: 'Take one of those that collective versions shows, such as 1-345.',
    });
  }
  return text;
}

/** Error: LIMIT_EXCEEDED. */
export function atMost<Item>(what: string, items: readonly Item[], countMax: number): readonly Item[] {
  if (items.length > countMax) {
    throw new CollectiveError('LIMIT_EXCEEDED', `One call carries at most ${countMax} ${what}, not ${items.length}.`, {
      next: 'Split it into several calls.',
    });
  }
  return items;
}

export function chunkRefOf(chunk: { readonly chunkId: string; readonly lengthBytes: number }): {
  readonly chunkId: ChunkId;
  readonly lengthBytes: number;
} {
  const { chunkId, lengthBytes } = chunk;
  if (!isChunkId(chunkId)) throw new CollectiveError('REQUEST_INVALID', 'That is not the id of a chunk.');
  if (lengthBytes < 1 || lengthBytes > LIMITS.chunkBytesLarge) {
    throw new CollectiveError('REQUEST_INVALID', `A chunk has 1 to ${LIMITS.chunkBytesLarge} bytes, not ${lengthBytes}.`);
  }
  return { chunkId, lengthBytes };
}

export function extentOf({ offsetBytes, lengthBytes, chunkId }: WireExtent): Extent {
  if (chunkId === '') return { offsetBytes, lengthBytes, chunkId: undefined };
  return { offsetBytes, lengthBytes, chunkId: chunkRefOf({ chunkId, lengthBytes }).chunkId };
}

export function extentListIdIn(text: string): ExtentListId {
  if (!isExtentListId(text)) throw new CollectiveError('REQUEST_INVALID', 'That is not the id of an extent list.');
  return text;
}

/** Error: LIMIT_EXCEEDED. */
export function contentTypeOf(text: string): string {
  if (utf8(text).length > LIMITS.contentTypeBytes) {
    throw new CollectiveError('LIMIT_EXCEEDED', `A content type has at most ${LIMITS.contentTypeBytes} bytes.`);
  }
  return text;
}

export const modeOf = (mode: number): number => mode & PERMISSIONS;

export function fileTimeOf(time: WireFileTime | undefined, nowMs: number): FileTime {
  if (time === undefined) return { seconds: Math.floor(nowMs / 1000), nanoseconds: (nowMs % 1000) * 1_000_000 };
  if (!(Math.abs(time.seconds) <= LIMITS.fileTimeSeconds) || time.nanoseconds >= NANOSECONDS) {
    throw new CollectiveError(
      'REQUEST_INVALID',
      `A time is at most ${LIMITS.fileTimeSeconds} seconds before or after 1970, and less than 10^9 nanoseconds.`,
    );
  }
  return { seconds: time.seconds, nanoseconds: time.nanoseconds };
}

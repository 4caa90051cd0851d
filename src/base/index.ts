export { assert, AssertionError, unreachable } from './assert.js';
export {
  compareBytes,
  concatBytes,
  equalBytes,
  fromBase32,
  fromHex,
  fromUtf8,
  toBase32,
  toHex,
  uint32Bytes,
  uint64Bytes,
  utf8,
} from './bytes.js';
export { counted } from './counts.js';
export { crc32 } from './crc32.js';
export { formatDuration, parseDuration } from './durations.js';
export {
  CollectiveError,
  ERROR_KINDS,
  EXIT,
  isCollectiveError,
  isErrorCode,
  toCollectiveError,
  type ErrorCode,
  type ErrorOptions,
} from './errors.js';
export {
  fileIdAt,
  grantIdAt,
  isChunkId,
  isClientId,
  isExtentListId,
  isFileId,
  isGrantId,
  isInviteId,
  isMemberId,
  isNodeId,
  isRequestId,
  isUploadId,
  ROOT_FILE_ID,
  type Brand,
  type ChunkId,
  type ClientId,
  type ExtentListId,
  type FileId,
  type GrantId,
  type InviteId,
  type MemberId,
  type NodeId,
  type Position,
  type RequestId,
  type UploadId,
} from './ids.js';
export { LIMITS } from './limits.js';
export { checkName, formatRemotePath, parseRemotePath, type RemotePath } from './names.js';
export { accept, fail, ok, type Result } from './result.js';
export { formatSize, parseSize } from './sizes.js';

import { CollectiveError, isCollectiveError, type ErrorCode } from '../../base/index.js';
import { isFileSystemError } from '../../ports/index.js';

const CODES: ReadonlyMap<string, ErrorCode> = new Map([
  ['ENOENT', 'NOT_FOUND'],
  ['EACCES', 'PERMISSION_DENIED'],
  ['EPERM', 'PERMISSION_DENIED'],
  ['EEXIST', 'ALREADY_EXISTS'],
  ['ENOTDIR', 'NOT_A_DIRECTORY'],
  ['EISDIR', 'IS_A_DIRECTORY'],
  ['ENOTEMPTY', 'DIRECTORY_NOT_EMPTY'],
  ['ENAMETOOLONG', 'NAME_INVALID'],
]);

const SENTENCES: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'does not exist'],
  ['EACCES', 'may not be opened by you'],
  ['EPERM', 'may not be changed by you'],
  ['EEXIST', 'exists already'],
  ['ENOTDIR', 'is not a directory, or something in its path is not'],
  ['EISDIR', 'is a directory'],
  ['ENOTEMPTY', 'is a directory that is not empty'],
  ['ENAMETOOLONG', 'has too long a name'],
  ['ENOSPC', 'cannot be written: the disk is full'],
  ['EDQUOT', 'cannot be written: the disk quota is used up'],
  ['EIO', 'cannot be read or written: the disk reports an error'],
]);

/** What is wrong with this one local file, in words; undefined for a failure that is not about the file. */
export function fileProblem(thrown: unknown, path: string): CollectiveError | undefined {
  if (isCollectiveError(thrown)) {
    return thrown.code === 'SOURCE_CHANGED' || thrown.code === 'LIMIT_EXCEEDED' ? thrown : undefined;
  }
  if (!isFileSystemError(thrown)) return undefined;
  const { errno } = thrown;
  const sentence = SENTENCES.get(errno) ?? `cannot be used: ${errno}`;
  return new CollectiveError(CODES.get(errno) ?? 'IO_FAILED', `${path} ${sentence}.`, {
    details: { path, errno },
    cause: thrown,
  });
}

import type { BigIntStats } from 'node:fs';
import { isCollectiveError } from '../../base/index.js';
import type { FileTime, LocalAttributes, LocalEntry } from '../../client/index.js';
import { FileSystemError, isFileSystemError } from '../../ports/index.js';

const NANOSECONDS = 1_000_000_000n;
const PERMISSION_BITS = 0o7777n;
/** What st_blocks counts, whatever the file system's own blocks are. */
const BLOCK_BYTES = 512n;

export function entryOf(found: BigIntStats): LocalEntry {
  const kind = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : found.isSymbolicLink() ? 'symlink' : 'other';
  return { kind, bytes: Number(found.size), allocatedBytes: Number(found.blocks * BLOCK_BYTES), ...attributesOf(found) };
}

export function attributesOf(found: BigIntStats): LocalAttributes {
  // Before 1970 the division has to go down, not towards zero.
  const nanoseconds = ((found.mtimeNs % NANOSECONDS) + NANOSECONDS) % NANOSECONDS;
  const seconds = (found.mtimeNs - nanoseconds) / NANOSECONDS;
  return {
    mode: Number(found.mode & PERMISSION_BITS),
    modified: { seconds: Number(seconds), nanoseconds: Number(nanoseconds) },
  };
}

/**
 * As Node takes times: it drops what is finer than a microsecond, towards zero, so that the middle of one stands for it. As a
 * text, because Node takes a negative number for "now".
 */
export function secondsOf({ seconds, nanoseconds }: FileTime): string {
  const middle = seconds < 0 ? -0.5 : 0.5;
  return String(seconds + (Math.floor(nanoseconds / 1000) + middle) / 1e6);
}

export async function on<Value>(operation: string, path: string, run: () => Promise<Value>): Promise<Value> {
  try {
    return await run();
  } catch (error) {
    throw failure(operation, path, error);
  }
}

export function failure(operation: string, path: string, error: unknown): Error {
  if (isCollectiveError(error)) return error;
  const errno = isFileSystemError(error) ? error.errno : errnoOf(error);
  return new FileSystemError(errno, operation, path, error);
}

export function errnoOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (/^E[A-Z0-9]+$/.test(code)) return code;
  return code.startsWith('ERR_') ? 'EINVAL' : 'EIO';
}

import { isCollectiveError } from '../base/index.js';
import { FileSystemError, isFileSystemError } from '../ports/index.js';

/** The name POSIX gives to what Node threw; `EINVAL` for arguments that Node itself refuses. */
export function errnoOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (/^E[A-Z0-9]+$/.test(code)) return code;
  return code.startsWith('ERR_') ? 'EINVAL' : 'EIO';
}

/** Runs one operation on a path; whatever it throws leaves as a FileSystemError, or as the CollectiveError it is. */
export async function attempt<Value>(operation: string, path: string, run: () => Promise<Value>): Promise<Value> {
  try {
    return await run();
  } catch (error) {
    throw isFileSystemError(error) || isCollectiveError(error)
      ? error
      : new FileSystemError(errnoOf(error), operation, path, error);
  }
}

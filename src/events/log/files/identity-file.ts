import { CollectiveError, type MemberId } from '../../../base/index.js';
import { isFileSystemError, type FileSystem } from '../../../ports/index.js';
import { WireProblem } from '../../codec/index.js';
import { damaged, readingFailed, type DamagePlace } from '../damage.js';
import { IDENTITY_DRAFT_FILE, IDENTITY_FILE, segmentsAmong } from './file-names.js';
import { readSmallFile } from './small-files.js';
import { decodeIdentity, IDENTITY_BYTES, type LogIdentity } from './stored-records.js';

/** Names of the files in a log's folder. NOT_FOUND where there is no log, or one whose creation was not finished. */
export async function listLogFolder(fileSystem: FileSystem, directory: string): Promise<readonly string[]> {
  const names = await namesIn(fileSystem, directory);
  const place: DamagePlace = { directory, file: IDENTITY_FILE, offset: 0, sequence: 0 };
  if (names.includes(IDENTITY_FILE)) return names;
  if (segmentsAmong(names).length > 0) throw damaged(place, 'the file is missing although the log has segments');
  const unfinished = names.length === 0 || names.includes(IDENTITY_DRAFT_FILE) ? '' : ' The folder is not empty.';
  throw new CollectiveError('NOT_FOUND', `There is no log in ${directory}.${unfinished}`, {
    next: 'Make one with `collective init`.',
    details: { directory },
  });
}

async function namesIn(fileSystem: FileSystem, directory: string): Promise<readonly string[]> {
  try {
    return await fileSystem.readDirectory(directory);
  } catch (error) {
    if (isFileSystemError(error) && error.errno === 'ENOENT') return [];
    throw readingFailed({ directory, file: '', offset: 0, sequence: 0 }, error);
  }
}

/** Errors: LOG_DAMAGED for a file that is missing, damaged or of another origin; IO_FAILED. */
export async function readIdentity(fileSystem: FileSystem, directory: string, origin: MemberId): Promise<LogIdentity> {
  const place: DamagePlace = { directory, file: IDENTITY_FILE, offset: 0, sequence: 0 };
  try {
    const identity = decodeIdentity(await readSmallFile(fileSystem, `${directory}/${IDENTITY_FILE}`, IDENTITY_BYTES));
    if (identity.origin === origin) return identity;
    throw damaged(place, `it is of the origin ${identity.origin}, not ${origin}`);
  } catch (error) {
    if (error instanceof WireProblem) throw damaged(place, error.message, error);
    throw readingFailed(place, error);
  }
}

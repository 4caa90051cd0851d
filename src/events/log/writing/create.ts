import { CollectiveError } from '../../../base/index.js';
import { isFileSystemError, type FileSystem } from '../../../ports/index.js';
import { FIRST_EPOCH } from '../../chain/index.js';
import { damaged } from '../damage.js';
import { HEAD_FILES, IDENTITY_DRAFT_FILE, IDENTITY_FILE, segmentsAmong } from '../files/file-names.js';
import { EMPTY_TAIL } from '../reading/segment-scan.js';
import { allowBatches, makeFolder, writeNewFile } from '../files/small-files.js';
import { encodeHead, encodeIdentity, type LogIdentity } from '../files/stored-records.js';

/**
 * Makes the files of an empty log. IDENTITY appears last, and only then is there a log: what a crash before that leaves
 * behind is removed by the next try. Errors: ALREADY_EXISTS, LOG_DAMAGED (segments without IDENTITY), IO_FAILED.
 */
export async function createLogFiles(
  fileSystem: FileSystem,
  directory: string,
  identity: LogIdentity,
  { batched = false }: { readonly batched?: boolean } = {},
): Promise<void> {
  try {
    await makeFolder(fileSystem, directory);
    await clearFolder(fileSystem, directory);
    for (const [generation, file] of HEAD_FILES.entries()) {
      const head = encodeHead({ ...EMPTY_TAIL(FIRST_EPOCH), origin: identity.origin, generation });
      await writeNewFile(fileSystem, `${directory}/${file}`, head);
    }
    if (batched) await allowBatches(fileSystem, directory);
    await writeNewFile(fileSystem, `${directory}/${IDENTITY_DRAFT_FILE}`, encodeIdentity(identity));
    await fileSystem.syncDirectory(directory);
    await appear(fileSystem, directory);
  } catch (error) {
    if (!isFileSystemError(error)) throw error;
    throw new CollectiveError('IO_FAILED', `The log cannot be made: ${error.message}.`, { cause: error });
  }
}

/** Where its name could not be synced it disappears again, so that the next try makes all anew: a later sync need not write it. */
async function appear(fileSystem: FileSystem, directory: string): Promise<void> {
  await fileSystem.rename(`${directory}/${IDENTITY_DRAFT_FILE}`, `${directory}/${IDENTITY_FILE}`);
  try {
    await fileSystem.syncDirectory(directory);
  } catch (error) {
    // The first failure is what is told.
    await fileSystem.unlink(`${directory}/${IDENTITY_FILE}`).catch(() => undefined);
    throw error;
  }
}

async function clearFolder(fileSystem: FileSystem, directory: string): Promise<void> {
  const names = await fileSystem.readDirectory(directory);
  if (names.includes(IDENTITY_FILE)) {
    throw new CollectiveError('ALREADY_EXISTS', `There is a log in ${directory} already.`, { details: { directory } });
  }
  if (segmentsAmong(names).length > 0) {
    throw damaged(
      { directory, file: IDENTITY_FILE, offset: 0, sequence: 0 },
      'the file is missing although the log has segments',
    );
  }
  for (const file of [...HEAD_FILES, IDENTITY_DRAFT_FILE]) {
    if (names.includes(file)) await fileSystem.unlink(`${directory}/${file}`);
  }
}

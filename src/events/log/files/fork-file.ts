import { LIMITS, uint32Bytes, uint64Bytes, utf8, type MemberId } from '../../../base/index.js';
import { isFileSystemError, type FileSystem } from '../../../ports/index.js';
import { originBytes } from '../../chain/index.js';
import { WireProblem } from '../../codec/index.js';
import { FORK_FILE } from './file-names.js';
import { readSmallFile, replaceFile, unlinkIfThere } from './small-files.js';
import { originOf, uncheckedLength, VERSION_BYTES, withCrc } from './stored-records.js';
import type { LogFork } from '../types.js';

const MAGIC = utf8('CLFK');
const HEADER_BYTES = 56;
const FILE_BYTES_MAX = HEADER_BYTES + 2 * LIMITS.blockBytes + 4;

/** The proof beside a copy; a sentence where there is one that cannot be read. Throws FileSystemError. */
export async function readFork(
  fileSystem: FileSystem,
  directory: string,
  origin: MemberId,
): Promise<LogFork | string | undefined> {
  try {
    const bytes = await readSmallFile(fileSystem, `${directory}/${FORK_FILE}`, FILE_BYTES_MAX);
    const cursor = uncheckedLength(bytes, MAGIC);
    if (originOf(cursor) !== origin) return 'it is of another origin';
    const sequence = cursor.uint64();
    const [heldBytes, otherBytes] = [cursor.uint32(), cursor.uint32()];
    const held = new Uint8Array(cursor.bytes(heldBytes));
    return { sequence, held, other: new Uint8Array(cursor.bytes(otherBytes)) };
  } catch (error) {
    if (error instanceof WireProblem) return error.message;
    if (isFileSystemError(error) && error.errno === 'ENOENT') return undefined;
    throw error;
  }
}

/** Durable when it resolves. */
export const writeFork = (fileSystem: FileSystem, directory: string, origin: MemberId, fork: LogFork): Promise<void> =>
  replaceFile(
    fileSystem,
    directory,
    FORK_FILE,
    withCrc([
      MAGIC,
      VERSION_BYTES,
      originBytes(origin),
      uint64Bytes(fork.sequence),
      uint32Bytes(fork.held.length),
      uint32Bytes(fork.other.length),
      fork.held,
      fork.other,
    ]),
  );

export async function removeFork(fileSystem: FileSystem, directory: string): Promise<void> {
  await unlinkIfThere(fileSystem, `${directory}/${FORK_FILE}`);
  await fileSystem.syncDirectory(directory);
}

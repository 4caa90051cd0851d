import { dirname } from 'node:path';
import { CollectiveError, toHex } from '../base/index.js';
import { FileSystemError, isFileSystemError, type FileSystem, type Random } from '../ports/index.js';

/**
 * Replaces a file or makes it, so that after any crash it holds either the old bytes or all of the new, and the new for
 * certain once this has returned. Mode 0600. Failures are FileSystemErrors and leave the old content.
 */
export async function writeFileAtomically(
  ports: { readonly fileSystem: FileSystem; readonly random: Random },
  path: string,
  bytes: Uint8Array,
): Promise<void> {
  const { fileSystem, random } = ports;
  const temporary = `${path}.${toHex(random.bytes(8))}.new`;
  try {
    await writeNewFile(fileSystem, temporary, bytes);
    await fileSystem.rename(temporary, path);
  } catch (error) {
    await discard(fileSystem, temporary, error);
    throw error;
  }
  await fileSystem.syncDirectory(dirname(path));
}

async function writeNewFile(fileSystem: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const handle = await fileSystem.open(path, 'create-new');
  try {
    await handle.write(bytes, 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function discard(fileSystem: FileSystem, path: string, because: unknown): Promise<void> {
  try {
    await fileSystem.unlink(path);
  } catch (error) {
    if (isFileSystemError(error) && error.errno === 'ENOENT') return;
    const errno = isFileSystemError(because) ? because.errno : 'EIO';
    throw new FileSystemError(errno, 'write', path, new AggregateError([because, error]));
  }
}

/** The whole content. Errors: LIMIT_EXCEEDED above `bytesMax`, else FileSystemErrors. */
export async function readSmallFile(fileSystem: FileSystem, path: string, bytesMax: number): Promise<Uint8Array> {
  const handle = await fileSystem.open(path, 'read');
  try {
    const size = await handle.size();
    if (size > bytesMax) throw new CollectiveError('LIMIT_EXCEEDED', `${path} has ${size} bytes, more than ${bytesMax}.`);
    const bytes = new Uint8Array(size);
    return bytes.subarray(0, await handle.read(bytes, 0));
  } finally {
    await handle.close();
  }
}

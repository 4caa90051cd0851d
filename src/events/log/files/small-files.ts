import { isFileSystemError, type FileSystem } from '../../../ports/index.js';
import { BATCH_FILE, draftOf } from './file-names.js';

/** A whole file of at most `bytesMax` bytes; of a longer one, one byte more than that, so that its length shows. */
export async function readSmallFile(fileSystem: FileSystem, path: string, bytesMax: number): Promise<Uint8Array> {
  const handle = await fileSystem.open(path, 'read');
  try {
    const buffer = new Uint8Array(bytesMax + 1);
    const count = await handle.read(buffer, 0);
    return buffer.slice(0, count);
  } finally {
    await handle.close();
  }
}

/** Makes a new file with this content and syncs it; its name is durable only once its folder is synced. */
export async function writeNewFile(fileSystem: FileSystem, path: string, content: Uint8Array): Promise<void> {
  const handle = await fileSystem.open(path, 'create-new');
  try {
    await handle.write(content, 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes or replaces a file as a whole: after a crash it is the one before or this one. */
export async function replaceFile(fileSystem: FileSystem, directory: string, file: string, content: Uint8Array): Promise<void> {
  const draft = `${directory}/${draftOf(file)}`;
  await unlinkIfThere(fileSystem, draft);
  await writeNewFile(fileSystem, draft, content);
  await fileSystem.rename(draft, `${directory}/${file}`);
  await fileSystem.syncDirectory(directory);
}

export async function unlinkIfThere(fileSystem: FileSystem, path: string): Promise<void> {
  try {
    await fileSystem.unlink(path);
  } catch (error) {
    if (!isFileSystemError(error) || error.errno !== 'ENOENT') throw error;
  }
}

/** From now on a crash may leave some of several blocks above HEAD, and not the ones before them. */
export async function allowBatches(fileSystem: FileSystem, directory: string): Promise<void> {
  await unlinkIfThere(fileSystem, `${directory}/${BATCH_FILE}`);
  await writeNewFile(fileSystem, `${directory}/${BATCH_FILE}`, new Uint8Array());
  await fileSystem.syncDirectory(directory);
}

export async function endBatches(fileSystem: FileSystem, directory: string): Promise<void> {
  await unlinkIfThere(fileSystem, `${directory}/${BATCH_FILE}`);
  await fileSystem.syncDirectory(directory);
}

/**
 * Makes a folder, durably; one that is there is fine. One whose name could not be synced is removed again: what a failed sync
 * covered no later sync of the same folder has to write, and the next try would find it there and take it for durable.
 */
export async function makeFolder(fileSystem: FileSystem, directory: string): Promise<void> {
  let made = true;
  try {
    await fileSystem.makeDirectory(directory);
  } catch (error) {
    if (!isFileSystemError(error) || error.errno !== 'EEXIST') throw error;
    made = false;
  }
  try {
    await fileSystem.syncDirectory(directory.slice(0, Math.max(1, directory.lastIndexOf('/'))));
  } catch (error) {
    // The first failure is what is told; a disk that fails at this too has no folder to lose.
    if (made) await fileSystem.removeDirectory(directory).catch(() => undefined);
    throw error;
  }
}

/** Closes every handle; then throws what the first one that failed threw. */
export async function closeAll(handles: readonly { close(): Promise<void> }[]): Promise<void> {
  const results = await Promise.allSettled(handles.map((handle) => handle.close()));
  for (const result of results) {
    if (result.status === 'rejected') throw result.reason;
  }
}

import { LIMITS } from '../../../base/index.js';
import { isFileSystemError, type FileHandle, type FileSystem } from '../../../ports/index.js';
import { QUARANTINE_FOLDER } from '../files/file-names.js';
import { makeFolder } from '../files/small-files.js';

/** Copies a damaged file into `quarantine` before it is replaced, under a name that is free; durable when it resolves. */
export async function setAside(fileSystem: FileSystem, directory: string, file: string): Promise<void> {
  let from: FileHandle;
  try {
    from = await fileSystem.open(`${directory}/${file}`, 'read');
  } catch (error) {
    if (isFileSystemError(error) && error.errno === 'ENOENT') return;
    throw error;
  }
  try {
    const folder = `${directory}/${QUARANTINE_FOLDER}`;
    await makeFolder(fileSystem, folder);
    const to = await fileSystem.open(`${folder}/${freeName(await fileSystem.readDirectory(folder), file)}`, 'create-new');
    try {
      await copyBytes(from, to);
      await to.sync();
    } finally {
      await to.close();
    }
    await fileSystem.syncDirectory(folder);
  } finally {
    await from.close();
  }
}

function freeName(names: readonly string[], file: string): string {
  for (let count = 1; ; count += 1) {
    const name = `${file}.damaged.${count}`;
    if (!names.includes(name)) return name;
  }
}

async function copyBytes(from: FileHandle, to: FileHandle): Promise<void> {
  const buffer = new Uint8Array(LIMITS.logReadBytes);
  for (let position = 0; ; ) {
    const count = await from.read(buffer, position);
    if (count === 0) return;
    await to.write(buffer.slice(0, count), position);
    position += count;
  }
}

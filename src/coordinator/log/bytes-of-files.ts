import { type FileSystem, isFileSystemError } from '../../ports/index.js';

/** Bytes in all files directly in a folder. Of the last one, which is written ahead with zeros, only what is used. */
export async function bytesOfFiles(
  fileSystem: FileSystem,
  directory: string,
  last: { readonly file: string; readonly usedBytes: number } | undefined,
): Promise<number> {
  const names = await fileSystem.readDirectory(directory);
  const sizes = await Promise.all(
    names.map((name) => (name === last?.file ? Promise.resolve(last.usedBytes) : bytesOf(fileSystem, `${directory}/${name}`))),
  );
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

/** Some files come and go with what is written: one that went since it was listed takes nothing. */
async function bytesOf(fileSystem: FileSystem, path: string): Promise<number> {
  try {
    return (await fileSystem.stat(path)).bytes;
  } catch (error) {
    if (isFileSystemError(error) && error.errno === 'ENOENT') return 0;
    throw error;
  }
}

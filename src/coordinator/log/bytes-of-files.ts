import type { FileSystem } from '../../ports/index.js';

/** Bytes in all files directly in a folder. Of the last one, which is written ahead with zeros, only what is used. */
export async function bytesOfFiles(
  fileSystem: FileSystem,
  directory: string,
  last: { readonly file: string; readonly usedBytes: number } | undefined,
): Promise<number> {
  const names = await fileSystem.readDirectory(directory);
  const sizes = await Promise.all(
    names.map(async (name) => (name === last?.file ? last.usedBytes : (await fileSystem.stat(`${directory}/${name}`)).bytes)),
  );
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

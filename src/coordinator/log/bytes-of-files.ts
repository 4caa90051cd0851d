import type { FileSystem } from '../../ports/index.js';

/** Bytes of all files directly in a folder. */
export async function bytesOfFiles(fileSystem: FileSystem, directory: string): Promise<number> {
  const names = await fileSystem.readDirectory(directory);
  const stats = await Promise.all(names.map((name) => fileSystem.stat(`${directory}/${name}`)));
  return stats.reduce((sum, stat) => sum + stat.bytes, 0);
}

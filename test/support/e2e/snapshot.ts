import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOfFile } from './content.js';

const DIFFERENCES_SHOWN = 20;

/**
 * How two trees differ, in words; none when everything below them, themselves included, is the same: kind, mode, time and
 * content. Times in whole microseconds: finer ones cannot be set through Node.
 */
export async function treeDifferences(left: string, right: string): Promise<readonly string[]> {
  const [a, b] = [await snapshotOf(left), await snapshotOf(right)];
  const paths = [...new Set([...a.keys(), ...b.keys()])];
  const differing = paths.filter((path) => a.get(path) !== b.get(path));
  return differing.slice(0, DIFFERENCES_SHOWN).map((path) => `${JSON.stringify(path)}: ${a.get(path)} against ${b.get(path)}`);
}

async function snapshotOf(root: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const visit = async (path: string): Promise<void> => {
    const { text, isDirectory } = await describe(join(root, path));
    found.set(path, text);
    if (isDirectory) for (const name of await readdir(join(root, path))) await visit(join(path, name));
  };
  await visit('.');
  return found;
}

async function describe(path: string): Promise<{ readonly text: string; readonly isDirectory: boolean }> {
  const stats = await lstat(path, { bigint: true });
  const bits = (stats.mode & 0o7777n).toString(8).padStart(4, '0');
  const time = `${stats.mtimeNs / 1000n} us`;
  if (stats.isSymbolicLink()) return { text: `symlink to ${JSON.stringify(await readlink(path))}, ${time}`, isDirectory: false };
  if (stats.isDirectory()) return { text: `directory, ${bits}, ${time}`, isDirectory: true };
  return {
    text: `file, ${bits}, ${time}, ${stats.size} bytes, ${await digestOfFile(path, Number(stats.size))}`,
    isDirectory: false,
  };
}

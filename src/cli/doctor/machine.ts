import { readFile, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatSize } from '../../base/index.js';
import { doubtful, fine, wrong, type Check } from './check.js';

const NODE_OLDEST = [20, 19] as const;
const FREE_BYTES_LOW = 1_000_000_000;
const FREE_BYTES_NONE = 50_000_000;
const OPEN_FILES_LOW = 4096;

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const old = major < NODE_OLDEST[0] || (major === NODE_OLDEST[0] && minor < NODE_OLDEST[1]);
  return old
    ? wrong('node-version', `This is Node ${version}; 20.19 or newer is needed.`, 'Install Node: https://nodejs.org/en/download')
    : fine('node-version', `Node ${version}.`);
}

/** Room on the disks under these folders, each disk once. Folders that do not exist yet count where they would be. */
export async function checkDisks(folders: readonly string[]): Promise<readonly Check[]> {
  const seen = new Set<number>();
  const found: Check[] = [];
  for (const folder of folders) {
    const there = await nearestFolder(folder);
    const { dev } = await stat(there);
    if (seen.has(dev)) continue;
    seen.add(dev);
    const { bavail, bsize } = await statfs(there);
    const free = bavail * bsize;
    const left = `${formatSize(free)} are free on the disk of ${folder}`;
    if (free < FREE_BYTES_NONE) found.push(wrong('disk', `${left}: nothing can be written there.`, 'Free some space on it.'));
    else if (free < FREE_BYTES_LOW) found.push(doubtful('disk', `${left}.`, 'Free some space on it before it is full.'));
    else found.push(fine('disk', `${left}.`));
  }
  return found;
}

async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      if ((await stat(folder)).isDirectory()) return folder;
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
      if (!missing || dirname(folder) === folder) throw error;
    }
  }
}

/** How many files and connections a process may have open; known on Linux only. */
export async function checkOpenFiles(): Promise<readonly Check[]> {
  const limit = await openFilesLimit();
  if (limit === undefined) return [];
  const told = `A process may have ${Number.isFinite(limit) ? limit : 'any number of'} files and connections open`;
  return limit < OPEN_FILES_LOW
    ? [doubtful('open-files', `${told}: few for a coordinator or a node.`, `Raise it: ulimit -n ${OPEN_FILES_LOW} (or more).`)]
    : [fine('open-files', `${told}.`)];
}

async function openFilesLimit(): Promise<number | undefined> {
  try {
    const limits = await readFile('/proc/self/limits', 'utf8');
    const found = /^Max open files +(\S+)/m.exec(limits)?.[1];
    return found === undefined ? undefined : found === 'unlimited' ? Number.POSITIVE_INFINITY : Number(found);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

import { createHash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { lstat, readdir, rename, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { LIMITS, toHex } from '../../base/index.js';
import type { Random } from '../../ports/index.js';
import { errnoOf, on } from './stats.js';

/** `.<name>.collective-<machine>-<process>.<random>.part`: the name of the file that it is to become, and who writes it. */
const PARTIAL = /^\.(.+)\.collective-([0-9a-f]{8})-([0-9]{1,10})\.[0-9a-f]{8}\.part$/s;
/** Longer names of files stand in it cut short, with their hash. */
const NAME_BYTES_MAX = 180;

/** Whether a file of that name is one that a transfer has not finished. */
export const isPartialName = (name: string): boolean => PARTIAL.test(name);

/** An unfinished file that nobody writes any longer. */
interface Leftover {
  readonly path: string;
  readonly bytes: number;
}

type FolderLeftovers = ReadonlyMap<string, readonly Leftover[]>;

/**
 * Names for files that are not whole yet, in the folder that they are to be in, and what earlier processes left under such
 * names. Whoever goes on with a leftover renames it first, so that two processes never write one file: the second finds it gone.
 */
export class PartialFiles {
  readonly #folders = new Map<string, Promise<FolderLeftovers>>();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A new name beside the path, of this process. */
  nameFor(path: string): string {
    const own = `${MACHINE}-${process.pid}.${toHex(this.#random.bytes(4))}`;
    return join(dirname(path), `.${shortName(basename(path))}.collective-${own}.part`);
  }

  /** Takes the largest leftover for the path under that name, and removes the others; undefined where there is none. */
  async take(path: string, name: string): Promise<{ readonly bytes: number } | undefined> {
    const left = await this.#leftovers(path);
    let taken: Leftover | undefined;
    for (const leftover of left.toSorted((a, b) => b.bytes - a.bytes)) {
      if (taken !== undefined) await removeIfThere(leftover.path);
      else if (await renameIfThere(leftover.path, name)) taken = leftover;
    }
    return taken;
  }

  /** For a path that is written anew. */
  async removeFor(path: string): Promise<void> {
    for (const leftover of await this.#leftovers(path)) await removeIfThere(leftover.path);
  }

  async #leftovers(path: string): Promise<readonly Leftover[]> {
    const folder = dirname(path);
    let found = this.#folders.get(folder);
    if (found === undefined) {
      for (const oldest of this.#folders.keys()) {
        if (this.#folders.size < LIMITS.partialFoldersKnown) break;
        this.#folders.delete(oldest);
      }
      found = leftoversIn(folder);
      this.#folders.set(folder, found);
    }
    return (await found).get(shortName(basename(path))) ?? [];
  }
}

/** Each folder is looked through once; what is too old to be of use is removed on the way. */
async function leftoversIn(folder: string): Promise<FolderLeftovers> {
  const leftovers = new Map<string, Leftover[]>();
  for (const entry of await namesIn(folder)) {
    const match = PARTIAL.exec(entry);
    const [, name, machine, pid] = match ?? [];
    if (name === undefined || machine === undefined || pid === undefined) continue;
    const path = join(folder, entry);
    const found = await statIfThere(path);
    // Somebody else's file may change after it was checked.
    if (found === undefined || !found.isFile() || found.nlink !== 1 || found.uid !== process.getuid?.()) continue;
    if (!isLeft(machine, Number(pid), found.mtimeMs)) continue;
    if (Date.now() - found.mtimeMs > LIMITS.partialLifeMs) {
      await removeIfThere(path);
      continue;
    }
    const list = leftovers.get(name) ?? [];
    list.push({ path, bytes: found.size });
    leftovers.set(name, list);
  }
  return leftovers;
}

/** Whether its writer is gone. Of another machine's processes only their silence can be seen. */
function isLeft(machine: string, pid: number, modifiedMs: number): boolean {
  if (machine !== MACHINE) return Date.now() - modifiedMs > LIMITS.partialSilenceMs;
  if (pid === process.pid) return modifiedMs < Date.now() - process.uptime() * 1000;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return errnoOf(error) === 'ESRCH';
  }
}

/** This machine, and on it the set of processes that can see each other. */
const MACHINE = createHash('sha256').update(`${hostname()} ${processNamespace()}`).digest('hex').slice(0, 8);

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch (error) {
    // No such thing on this operating system: all of its processes see each other.
    return errnoOf(error);
  }
}

function shortName(name: string): string {
  if (Buffer.byteLength(name) <= NAME_BYTES_MAX) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 16);
  let cut = name.slice(0, NAME_BYTES_MAX);
  while (Buffer.byteLength(cut) > NAME_BYTES_MAX - hash.length - 1) cut = cut.slice(0, -1);
  return `${cut.toWellFormed()}~${hash}`;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await unlessMissing('list', folder, () => readdir(folder))) ?? [];
}

const statIfThere = (path: string) => unlessMissing('stat', path, () => lstat(path));

async function removeIfThere(path: string): Promise<void> {
  await unlessMissing('unlink', path, () => unlink(path));
}

async function renameIfThere(from: string, to: string): Promise<boolean> {
  const done = await unlessMissing('rename', from, async () => {
    await rename(from, to);
    return true;
  });
  return done ?? false;
}

function unlessMissing<Value>(operation: string, path: string, run: () => Promise<Value>): Promise<Value | undefined> {
  return on(operation, path, async () => {
    try {
      return await run();
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  });
}

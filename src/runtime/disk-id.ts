import { createHash } from 'node:crypto';
import { readFile, readlink, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname } from 'node:path';

const CHARACTERS = 32;

/**
 * What stands for the disk that a folder lies on: the same text for two folders on one disk of one machine, as far as the
 * operating system tells; partitions of one disk count as one. It says nothing about the machine to who does not know it.
 * Empty where it cannot be told.
 */
export async function diskIdOf(folder: string): Promise<string> {
  const device = await stat(folder).then(
    ({ dev }) => dev,
    () => undefined,
  );
  if (device === undefined) return '';
  const machine = (await firstReadable(['/etc/machine-id', '/var/lib/dbus/machine-id'])) ?? hostname();
  return createHash('sha256')
    .update(`collective/disk/v1\0${machine}\0${await diskOf(device)}`)
    .digest('hex')
    .slice(0, CHARACTERS);
}

/** Linux: the whole disk that a partition is of; elsewhere, and for what is no disk, the device itself. */
async function diskOf(device: number): Promise<string> {
  // As glibc's major() and minor() take them apart.
  const major = (device >>> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >>> 12) & 0xfff00);
  // Not Linux, or a file system that is on no disk of its own.
  const link = await readlink(`/sys/dev/block/${major}:${minor}`).catch(() => undefined);
  if (link === undefined) return String(device);
  const partition = await firstReadable([`/sys/dev/block/${major}:${minor}/partition`]);
  return partition === undefined ? basename(link) : basename(dirname(link));
}

async function firstReadable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    // Another one is tried, or none is there.
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined && text.trim() !== '') return text.trim();
  }
  return undefined;
}

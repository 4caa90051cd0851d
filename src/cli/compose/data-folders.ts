import { mkdir, readdir, stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { CollectiveError, LIMITS, utf8 } from '../../base/index.js';
import { readPrivateKeyFile, readSmallFile, writeFileAtomically } from '../../runtime/index.js';
import type { World } from './world.js';

/** Small text files of a daemon's folder. Keys are refused when others can reach them. */
export class FolderFiles {
  readonly #directory: string;
  readonly #world: World;

  constructor(directory: string, world: World) {
    this.#directory = directory;
    this.#world = world;
  }

  /** Errors: KEY_FILE_UNSAFE, NOT_FOUND. */
  readSecret(path: string): Promise<string> {
    return readPrivateKeyFile(join(this.#directory, path));
  }

  async readPublic(path: string): Promise<string> {
    const bytes = await readSmallFile(this.#world.fileSystem, join(this.#directory, path), LIMITS.configFileBytes);
    return new TextDecoder().decode(bytes);
  }

  /** Durable, mode 0600, in folders of mode 0700 that are made where they are missing. */
  async write(path: string, text: string): Promise<void> {
    const file = join(this.#directory, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFileAtomically(this.#world, file, utf8(text));
  }
}

/** Whether nothing stands there, or an empty folder. Error: NOT_A_DIRECTORY. */
export async function isVacant(directory: string): Promise<boolean> {
  try {
    if (!(await stat(directory)).isDirectory()) {
      throw new CollectiveError('NOT_A_DIRECTORY', `${directory} is not a folder.`, { details: { path: directory } });
    }
    return (await readdir(directory)).length === 0;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true;
    throw error;
  }
}

/** Whose folder it is, by the settings that lie in it; undefined for any other folder, and for none. */
export async function roleOf(directory: string): Promise<'coordinator' | 'node' | undefined> {
  for (const role of ['coordinator', 'node'] as const) if (await isThere(join(directory, `${role}.json`))) return role;
  return undefined;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return false;
    throw error;
  }
}

export const absolute = (path: string): string => resolve(path);

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[::1]:port` or `:port` (any address). Error: USAGE. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]*)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) {
    throw new CollectiveError('USAGE', `${JSON.stringify(text)} is not an address to listen on.`, {
      next: 'Write host:port, such as 0.0.0.0:7420 (any address) or 192.168.1.5:7420.',
    });
  }
  return { host: match[1] ?? (match[2] === '' || match[2] === undefined ? '0.0.0.0' : match[2]), port };
}

export const formatAddress = ({ host, port }: Address): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);
const ADVERTISED_MAX = 4;

/** What others are told, unless they are told something else: the address that is listened on, or else those of this machine. */
export function advertisedHosts(listen: Address, advertise: readonly string[]): readonly string[] {
  if (advertise.length > 0) return advertise;
  if (!ANY_ADDRESS.has(listen.host)) return [listen.host];
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
  return [...new Set([...outside.slice(0, ADVERTISED_MAX), '127.0.0.1'])];
}

/** `host:port` each; a host without a port gets the one that is listened on. */
export const advertisedEndpoints = (listen: Address, advertise: readonly string[]): readonly string[] =>
  advertisedHosts(listen, advertise).map((host) =>
    /^(?:[^:]+|\[.*\]):[0-9]+$/.test(host) ? host : formatAddress({ host, port: listen.port }),
  );

/** Without the loopback ones, which lead every other member to itself; unless there are no others. */
export function endpointsForOthers(endpoints: readonly string[]): string[] {
  const outside = endpoints.filter((endpoint) => !/^(?:127\.|localhost:|\[::1\])/.test(endpoint));
  return [...(outside.length > 0 ? outside : endpoints)];
}

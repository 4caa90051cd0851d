import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { CollectiveError, isClientId, isMemberId, toHex } from '../../base/index.js';
import { type CredentialSet, isEndpoint, leafValidity, type OwnCredentials } from '../../identity/index.js';
import type { FileSystem, Random } from '../../ports/index.js';
import { readConfigFile, writeConfigFile } from '../../runtime/index.js';
import type { RenewedCertificate } from '../../transport/index.js';
import { nearest } from '../format/nearest.js';
import { readCredentials, writeCredentials } from './credentials-file.js';

const ENDPOINT = z.string().refine(isEndpoint, 'not host:port');
const CONTEXT_SCHEMA = z.object({
  version: z.literal(1),
  memberId: z.string().refine(isMemberId, 'not a member id'),
  memberName: z.string(),
  clientId: z.string().refine(isClientId, 'not a client id'),
  clientName: z.string(),
  /** host:port of the coordinator's home listener, in the order to try. */
  endpoints: z.array(ENDPOINT).min(1),
  /** The same of its enrolment listener: where an expired certificate is renewed. */
  enrolmentEndpoints: z.array(ENDPOINT).default([]),
});
const CURRENT_SCHEMA = z.object({ version: z.literal(1), context: z.string() });

export type ContextSettings = z.infer<typeof CONTEXT_SCHEMA>;

export interface Context extends ContextSettings {
  readonly name: string;
  readonly directory: string;
}

export interface ContextStorePorts {
  readonly fileSystem: FileSystem;
  readonly random: Random;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const SETTINGS_FILE = 'context.json';
const CREDENTIALS_FILE = 'credentials.json';

/** The memberships of this user on this machine: a folder each, with the client's key and certificate. */
export class ContextStore {
  readonly #root: string;
  readonly #ports: ContextStorePorts;

  /** `configDirectory` is the program's own, such as ~/.config/collective. */
  constructor(configDirectory: string, ports: ContextStorePorts) {
    this.#root = configDirectory;
    this.#ports = ports;
  }

  async list(): Promise<readonly Context[]> {
    return Promise.all((await this.#names()).map((name) => this.#read(name)));
  }

  /** Error: NOT_FOUND. */
  async get(name: string): Promise<Context> {
    const names = await this.#names();
    if (names.includes(name)) return this.#read(name);
    const meant = nearest(name, names);
    throw new CollectiveError('NOT_FOUND', `There is no context ${JSON.stringify(name)}.`, {
      next: meant === undefined ? 'collective context list' : `Did you mean ${meant}? See: collective context list`,
      details: { context: name, ...(meant === undefined ? {} : { suggestion: meant }) },
    });
  }

  /** The name of the one that is used when none is asked for; the only one, if there is just one. */
  async currentName(): Promise<string | undefined> {
    const chosen = await this.#chosenName();
    if (chosen !== undefined) return chosen;
    const names = await this.#names();
    return names.length === 1 ? names[0] : undefined;
  }

  /** The named one, or else the current one. Errors: NOT_FOUND, CONFIG_INVALID. */
  async choose(name: string | undefined): Promise<Context> {
    if (name !== undefined) return this.get(name);
    const chosen = await this.currentName();
    if (chosen !== undefined) return this.#current(chosen);
    throw (await this.list()).length === 0
      ? new CollectiveError('CONFIG_INVALID', 'This machine belongs to no member yet.', {
          next: 'collective init --name NAME to found one, or collective login INVITE to join yours.',
        })
      : new CollectiveError('CONFIG_INVALID', 'There are several contexts and none is chosen.', {
          next: 'collective context use NAME',
        });
  }

  /** A name in the file that is that of no context: a context was removed by hand, or the file is damaged. */
  async #current(name: string): Promise<Context> {
    if ((await this.#names()).includes(name)) return this.#read(name);
    throw new CollectiveError(
      'CONFIG_INVALID',
      `${this.#currentFile} names the context ${JSON.stringify(name)}, and there is none.`,
      {
        next: 'See which there are with collective context list, and choose one: collective context use NAME',
        details: { path: this.#currentFile, context: name },
      },
    );
  }

  /** Error: NOT_FOUND. */
  async use(name: string): Promise<void> {
    await this.get(name);
    await this.#setCurrent(name);
  }

  /** Keeps a new membership, and makes it the current one if it is the first. Error: ALREADY_EXISTS, USAGE. */
  async add(name: string, settings: ContextSettings, own: OwnCredentials): Promise<Context> {
    await this.checkFree(name);
    const first = (await this.#names()).length === 0;
    const folder = join(this.#root, 'contexts');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // Under another name until it is whole.
    const unfinished = join(folder, `.new-${toHex(this.#ports.random.bytes(8))}`);
    await mkdir(unfinished, { mode: 0o700 });
    await writeCredentials(this.#ports, join(unfinished, CREDENTIALS_FILE), own);
    await writeConfigFile(this.#ports, join(unfinished, SETTINGS_FILE), CONTEXT_SCHEMA, settings);
    const directory = join(folder, name);
    await rename(unfinished, directory);
    await this.#ports.fileSystem.syncDirectory(folder);
    if (first) await this.#setCurrent(name);
    return { ...settings, name, directory };
  }

  /** Errors: NOT_FOUND, ALREADY_EXISTS, USAGE. */
  async rename(name: string, newName: string): Promise<void> {
    const { directory } = await this.get(name);
    await this.checkFree(newName);
    const chosen = await this.#chosenName();
    const folder = join(this.#root, 'contexts');
    await rename(directory, join(folder, newName));
    await this.#ports.fileSystem.syncDirectory(folder);
    if (chosen === name) await this.#setCurrent(newName);
  }

  /** Deletes key and certificate. A choice of it is forgotten. Error: NOT_FOUND. */
  async remove(name: string): Promise<void> {
    const { directory } = await this.get(name);
    const folder = join(this.#root, 'contexts');
    // Under another name first, so that it is gone as a whole.
    const leaving = join(folder, `.old-${toHex(this.#ports.random.bytes(8))}`);
    const chosen = await this.#chosenName();
    await rename(directory, leaving);
    await rm(leaving, { recursive: true });
    await this.#ports.fileSystem.syncDirectory(folder);
    if (chosen === name) await rm(this.#currentFile);
  }

  /** Errors: ALREADY_EXISTS; USAGE for a name that cannot be that of a folder. */
  async checkFree(name: string): Promise<void> {
    if (!NAME.test(name)) {
      throw new CollectiveError('USAGE', `${JSON.stringify(name)} cannot be the name of a context.`, {
        next: 'Use letters, digits, dots, dashes and underscores: at most 64.',
      });
    }
    if ((await this.#names()).includes(name)) {
      throw new CollectiveError('ALREADY_EXISTS', `There is a context ${name} already.`, {
        next: `Choose another name (--context-name), or: collective context remove ${name}`,
        details: { context: name },
      });
    }
  }

  /** Errors: KEY_FILE_UNSAFE, NOT_FOUND, CERTIFICATE_INVALID. */
  credentials({ directory, memberId, clientId }: Context): Promise<CredentialSet> {
    const settingsPath = join(directory, SETTINGS_FILE);
    return readCredentials(join(directory, CREDENTIALS_FILE), { settingsPath, memberId, role: 'client', id: clientId });
  }

  /**
   * Keeps a renewed certificate, unless another process has kept a later one. The newest has to lie here: the coordinator forgets old
   * keys, and those that run for long may renew often. Addresses follow those that the coordinator named.
   */
  async keepRenewed(context: Context, renewed: RenewedCertificate): Promise<void> {
    const { directory } = context;
    const path = join(directory, CREDENTIALS_FILE);
    if (issuedMs((await this.credentials(context)).leaf) > issuedMs(renewed.credentials.leaf)) return;
    await writeCredentials(this.#ports, path, renewed.credentials);
    const endpoints = renewed.homeEndpoints.length === 0 ? context.endpoints : [...renewed.homeEndpoints];
    const enrolmentEndpoints = [...renewed.enrolmentEndpoints];
    if (
      endpoints.join(' ') === context.endpoints.join(' ') &&
      enrolmentEndpoints.join(' ') === context.enrolmentEndpoints.join(' ')
    )
      return;
    const { name: _name, directory: _directory, ...settings } = context;
    const changed = { ...settings, endpoints, enrolmentEndpoints };
    await writeConfigFile(this.#ports, join(directory, SETTINGS_FILE), CONTEXT_SCHEMA, changed);
  }

  async #chosenName(): Promise<string | undefined> {
    try {
      return (await readConfigFile(this.#ports.fileSystem, this.#currentFile, CURRENT_SCHEMA)).context;
    } catch (error) {
      if (!(error instanceof CollectiveError) || error.code !== 'NOT_FOUND') throw error;
      return undefined;
    }
  }

  async #names(): Promise<readonly string[]> {
    return (await namesIn(join(this.#root, 'contexts'))).filter((name) => NAME.test(name)).sort();
  }

  get #currentFile(): string {
    return join(this.#root, 'current-context.json');
  }

  async #read(name: string): Promise<Context> {
    const directory = join(this.#root, 'contexts', name);
    const settings = await readConfigFile(this.#ports.fileSystem, join(directory, SETTINGS_FILE), CONTEXT_SCHEMA);
    return { ...settings, name, directory };
  }

  #setCurrent(name: string): Promise<void> {
    return writeConfigFile(this.#ports, this.#currentFile, CURRENT_SCHEMA, { version: 1, context: name });
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

const issuedMs = (leaf: Uint8Array): number => leafValidity(leaf)?.notBeforeMs ?? 0;

import { join } from 'node:path';
import { isCollectiveError, LIMITS } from '../../base/index.js';
import { ContextStore } from '../contexts/context-store.js';
import { coordinatorsHere, coordinatorSettingsFile, readCoordinatorSettings } from './coordinator-folder.js';
import { formatAddress } from './data-folders.js';
import { knownNodes } from './known-nodes.js';
import { nodeSettingsFile, readNodeSettings } from './node-folder.js';
import type { World } from './world.js';

/** One setting that is in force. Keys, certificates and passphrases are no settings: none of them is ever among these. */
export interface EffectiveSetting {
  readonly of: 'program' | 'client' | 'coordinator' | 'node';
  /** Which one: of a context, a member, a node. */
  readonly name?: string;
  readonly setting: string;
  readonly value: string | number | readonly string[];
  /** `flag --x`, `environment X`, `file PATH`, or `default`. */
  readonly source: string;
}

export interface Places {
  readonly configDirectory: string;
  readonly dataDirectory: string;
  /** What --context said. */
  readonly contextFlag: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The settings of the program, of the chosen context, and of the coordinators and nodes of this user on this machine. */
export async function effectiveSettings(world: World, places: Places): Promise<readonly EffectiveSetting[]> {
  return [
    ...programSettings(places),
    ...(await clientSettings(world, places)),
    ...(await coordinatorSettings(world, places)),
    ...(await nodeSettings(world, places)),
  ];
}

function programSettings({ configDirectory, dataDirectory, environment }: Places): readonly EffectiveSetting[] {
  const from = (variable: string): string => (isSet(environment[variable]) ? `environment ${variable}` : 'default');
  const variables = Object.entries(environment).filter(([name]) => OWN_VARIABLES.has(name));
  return [
    { of: 'program', setting: 'configDirectory', value: configDirectory, source: from('XDG_CONFIG_HOME') },
    { of: 'program', setting: 'dataDirectory', value: dataDirectory, source: from('XDG_DATA_HOME') },
    ...variables.map(([name, value]) => ({
      of: 'program' as const,
      setting: OWN_VARIABLES.get(name) ?? name,
      value: value ?? '',
      source: `environment ${name}`,
    })),
  ];
}

const OWN_VARIABLES: ReadonlyMap<string, string> = new Map([
  ['COLLECTIVE_LOG', 'logLevel'],
  ['COLLECTIVE_DIRECTORY', 'coordinatorDirectory'],
]);

const isSet = (text: string | undefined): boolean => text !== undefined && text !== '';

async function clientSettings(world: World, places: Places): Promise<readonly EffectiveSetting[]> {
  const { configDirectory, contextFlag, environment } = places;
  const store = new ContextStore(configDirectory, world);
  const asked = contextFlag ?? environment['COLLECTIVE_CONTEXT'];
  const chosen = asked ?? (await store.currentName());
  if (chosen === undefined) return [];
  const { name, directory, memberId, memberName, clientId, clientName, endpoints } = await store.get(chosen);
  const chosenBy = (): string => {
    if (environment['COLLECTIVE_CONTEXT'] === asked && asked !== undefined) return 'environment COLLECTIVE_CONTEXT';
    return contextFlag === undefined
      ? `file ${join(configDirectory, 'current-context.json')}, or the only one`
      : 'flag --context';
  };
  const source = `file ${join(directory, 'context.json')}`;
  const kept = { memberName, memberId, clientName, clientId, endpoints };
  return [
    { of: 'client', name, setting: 'context', value: name, source: chosenBy() },
    ...Object.entries(kept).map(([setting, value]) => ({ of: 'client' as const, name, setting, value, source })),
    { of: 'client', name, setting: 'directory', value: directory, source: chosenBy() },
  ];
}

async function coordinatorSettings(world: World, { dataDirectory, environment }: Places): Promise<readonly EffectiveSetting[]> {
  const asked = environment['COLLECTIVE_DIRECTORY'];
  const found = new Map((await coordinatorsHere(dataDirectory)).map((directory) => [directory, 'default']));
  if (asked !== undefined && asked !== '') found.set(asked, 'environment COLLECTIVE_DIRECTORY');
  const lists = [...found].map(async ([directory, where]) => {
    const settings = await readable(() => readCoordinatorSettings(world, directory));
    if (settings === undefined) return [];
    const { name, memberId, homeListen, enrolmentListen, peerListen, homeEndpoints, enrolmentEndpoints } = settings;
    const kept = {
      name,
      memberId,
      homeListen: formatAddress(homeListen),
      enrolmentListen: formatAddress(enrolmentListen),
      peerListen: formatAddress(peerListen),
      homeEndpoints,
      enrolmentEndpoints,
      peerEndpoints: settings.peerEndpoints,
      introductions: settings.introductions ?? 'admit',
      memberLogBytes: settings.memberLogBytes ?? LIMITS.memberLogBytes,
    };
    const source = `file ${coordinatorSettingsFile(directory)}`;
    return [
      { of: 'coordinator' as const, name, setting: 'directory', value: directory, source: where },
      ...Object.entries(kept).map(([setting, value]) => ({ of: 'coordinator' as const, name, setting, value, source })),
    ];
  });
  return (await Promise.all(lists)).flat();
}

async function nodeSettings(world: World, { dataDirectory }: Places): Promise<readonly EffectiveSetting[]> {
  const lists = (await knownNodes(world, dataDirectory)).map(async (directory) => {
    const settings = await readable(() => readNodeSettings(world, directory));
    if (settings === undefined) return [];
    const { nodeId, name, memberName, homeEndpoints, listen, endpoints, capacityBytes, failureDomain } = settings;
    const kept = {
      name,
      nodeId,
      memberName,
      homeEndpoints,
      listen: formatAddress(listen),
      endpoints,
      capacityBytes,
      failureDomain,
    };
    const source = `file ${nodeSettingsFile(directory)}`;
    return [
      { of: 'node' as const, name, setting: 'directory', value: directory, source: `file ${join(dataDirectory, 'nodes.json')}` },
      ...Object.entries(kept).map(([setting, value]) => ({ of: 'node' as const, name, setting, value, source })),
    ];
  });
  return (await Promise.all(lists)).flat();
}

/** A folder that is away, such as on an unplugged disk, has no settings in force. */
async function readable<Settings>(read: () => Promise<Settings>): Promise<Settings | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isCollectiveError(error) && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

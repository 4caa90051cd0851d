import { createCoordinator, readMemberFiles, type Coordinator, type ProcessFacts } from '../../coordinator/index.js';
import { diskIdOf, LevelKeyValueStores, lockDataDirectory } from '../../runtime/index.js';
import { createGrpcTransport } from '../../transport/index.js';
import { readAssertedHead } from './asserted-head.js';
import { readCoordinatorSettings, type CoordinatorSettings } from './coordinator-folder.js';
import { FolderFiles } from './data-folders.js';
import { readMark } from './recovery-kit.js';
import type { World } from './world.js';

export interface OpenedCoordinator {
  readonly coordinator: Coordinator;
  readonly settings: CoordinatorSettings;
  /** To be called once it has stopped. */
  readonly release: () => Promise<void>;
}

/** A coordinator from its folder. Errors: NOT_FOUND, ALREADY_RUNNING, KEY_FILE_UNSAFE, CONFIG_INVALID, CERTIFICATE_INVALID. */
export async function openCoordinator(
  options: {
    readonly directory: string;
    readonly overrides: Partial<CoordinatorSettings>;
    readonly softwareVersion: string;
    /** An operator's word that the log in the folder is its latest state. */
    readonly assertLatest?: boolean;
  },
  world: World,
): Promise<OpenedCoordinator> {
  const { directory, softwareVersion, overrides } = options;
  const settings = { ...(await readCoordinatorSettings(world, directory)), ...overrides };
  const lock = await lockDataDirectory(directory);
  try {
    const files = new FolderFiles(directory, world);
    const material = await readMemberFiles(settings, files, world.hasher);
    const assertedHead = await readAssertedHead(world, directory);
    const coordinator = createCoordinator({
      directory,
      material,
      files,
      ...(settings.certificateLifeMs === undefined ? {} : { certificateLifeMs: settings.certificateLifeMs }),
      home: settings.homeListen,
      enrolment: settings.enrolmentListen,
      peer: settings.peerListen,
      homeEndpoints: settings.homeEndpoints,
      enrolmentEndpoints: settings.enrolmentEndpoints,
      peerEndpoints: settings.peerEndpoints,
      ...(settings.introductions === undefined ? {} : { introductions: settings.introductions }),
      ...(settings.memberLogBytes === undefined ? {} : { memberLogBytes: settings.memberLogBytes }),
      ...(settings.auditIntervalMs === undefined ? {} : { auditIntervalMs: settings.auditIntervalMs }),
      ...(settings.retentionMs === undefined ? {} : { retentionMs: settings.retentionMs }),
      ...(settings.minimumCopies === undefined ? {} : { minimumCopies: settings.minimumCopies }),
      softwareVersion,
      diskId: await diskIdOf(directory),
      assertLatest: options.assertLatest ?? false,
      ...(assertedHead === undefined ? {} : { assertedHead }),
      exportedKeys: () => readMark(world, directory),
      processFacts,
      transport: createGrpcTransport(world),
      ports: { ...world, stores: new LevelKeyValueStores() },
    });
    return { coordinator, settings, release: () => lock.release() };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function processFacts(): ProcessFacts {
  const { user, system } = process.cpuUsage();
  return {
    pid: process.pid,
    residentBytes: process.memoryUsage.rss(),
    cpuUserMs: Math.round(user / 1000),
    cpuSystemMs: Math.round(system / 1000),
  };
}

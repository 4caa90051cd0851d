import { isCollectiveError, type MemberId } from '../base/index.js';
import { type EventLog, openLog } from '../events/index.js';
import type {
  Clock,
  FileSystem,
  Hasher,
  KeyValueStores,
  Logger,
  Random,
  SignatureVerifier,
  Signer,
  Timers,
} from '../ports/index.js';
import type { ViewHost } from '../projections/index.js';
import { openViews } from './log/open-views.js';

/** Where things lie in a coordinator's directory. */
export const logsDirectoryOf = (directory: string): string => `${directory}/log`;
export const logDirectoryOf = (directory: string, origin: MemberId): string => `${logsDirectoryOf(directory)}/${origin}`;
export const viewsPathOf = (directory: string): string => `${directory}/views`;

export interface OpenMemberOptions {
  readonly directory: string;
  readonly origin: MemberId;
  /** Hold log keys; whichever the log names is used. None of them: it can be read, and not written. */
  readonly logSigners: readonly Signer[];
  readonly ports: {
    readonly fileSystem: FileSystem;
    readonly stores: KeyValueStores;
    readonly clock: Clock;
    readonly random: Random;
    readonly hasher: Hasher;
    readonly verifier: SignatureVerifier;
    readonly logger: Logger;
    readonly timers: Timers;
  };
  readonly signal: AbortSignal;
}

export interface OpenedMember {
  readonly log: EventLog;
  readonly views: ViewHost;
  /** Whether every row of the views was read at this start and found right. */
  readonly viewsChecked: boolean;
  /** What was mended on the way, in sentences. */
  readonly notices: readonly string[];
}

/** Opens the log, verified at its tail, and the views, brought up to it. Views that cannot be used are rebuilt from the log. */
export async function openMember(options: OpenMemberOptions): Promise<OpenedMember> {
  const { directory, origin, ports, signal } = options;
  const log = await openOwnLog(options);
  try {
    const { views, checked, notices } = await openViews({ path: viewsPathOf(directory), origin, ports, signal }, log);
    return { log, views, viewsChecked: checked, notices: [...log.recovery.notices, ...notices] };
  } catch (error) {
    await log.close();
    throw error;
  }
}

/** A log whose key is not at hand is open for reading all the same. */
async function openOwnLog({ directory, origin, ports, logSigners }: OpenMemberOptions): Promise<EventLog> {
  const options = { ...ports, directory: logDirectoryOf(directory, origin), origin };
  try {
    return await openLog({ ...options, signer: logSigners });
  } catch (error) {
    if (!isCollectiveError(error) || error.code !== 'CONFIG_INVALID') throw error;
    ports.logger.error('the log goes on with a key that is not in the folder', { error });
    return openLog({ ...options, signer: [] });
  }
}

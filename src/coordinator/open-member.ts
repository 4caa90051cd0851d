import { CollectiveError, type MemberId, toCollectiveError } from '../base/index.js';
import { type EventLog, openLog } from '../events/index.js';
import type {
  Clock,
  FileSystem,
  Hasher,
  KeyValueStore,
  KeyValueStores,
  Logger,
  Random,
  SignatureVerifier,
  Signer,
  Timers,
} from '../ports/index.js';
import { isFileSystemError } from '../ports/index.js';
import { ViewHost } from '../projections/index.js';
import { replay } from './log/replay.js';

/** Where things lie in a coordinator's directory. */
export const logDirectoryOf = (directory: string, origin: MemberId): string => `${directory}/log/${origin}`;
export const viewsPathOf = (directory: string): string => `${directory}/views`;

export interface OpenMemberOptions {
  readonly directory: string;
  readonly origin: MemberId;
  readonly logSigner: Signer;
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
  /** What was mended on the way, in sentences. */
  readonly notices: readonly string[];
}

/** Opens the log, verified at its tail, and the views, brought up to it. Views that cannot be used are rebuilt from the log. */
export async function openMember(options: OpenMemberOptions): Promise<OpenedMember> {
  const { directory, origin, ports } = options;
  const notices: string[] = [];
  const log = await openLog({ ...ports, directory: logDirectoryOf(directory, origin), origin, signer: options.logSigner });
  notices.push(...log.recovery.notices);
  try {
    const views = await openViews(options, log, notices);
    return { log, views, notices };
  } catch (error) {
    await log.close();
    throw error;
  }
}

async function openViews(options: OpenMemberOptions, log: EventLog, notices: string[]): Promise<ViewHost> {
  try {
    return await catchUp(await openStore(options, notices), options, log, notices);
  } catch (error) {
    const { code, message } = toCollectiveError(error);
    if (code !== 'VIEW_DAMAGED') throw error;
    notices.push(`The views were damaged (${message}) and have been rebuilt from the log.`);
    await options.ports.stores.destroy(viewsPathOf(options.directory));
    return catchUp(await options.ports.stores.open(viewsPathOf(options.directory), 'create'), options, log, notices);
  }
}

async function catchUp(store: KeyValueStore, options: OpenMemberOptions, log: EventLog, notices: string[]): Promise<ViewHost> {
  const {
    origin,
    ports: { hasher, logger, timers },
    signal,
  } = options;
  let views: ViewHost | undefined;
  try {
    views = await ViewHost.open(store, { origins: [origin], hasher, pause: () => timers.sleep(0, signal) });
    for (const { reason } of views.dropped) notices.push(`Views were dropped and rebuilt from the log: ${reason}`);
    const standsAt = views.position().sequence;
    if (standsAt > log.head.sequence) {
      throw new CollectiveError(
        'LOG_DAMAGED',
        `The views have seen event ${standsAt}, but the log ends at ${log.head.sequence}: the log has lost its end.`,
        {
          next: "Put back the newest backup of the coordinator's directory; nothing was changed.",
        },
      );
    }
    let replayed = 0;
    for await (const applied of replay(log, views, { toSequence: log.head.sequence, signal })) replayed = applied;
    if (replayed > 0) logger.info('replayed the end of the log', { events: replayed, head: log.head.sequence });
    await views.flush();
    return views;
  } catch (error) {
    await (views === undefined ? store.close() : views.close());
    throw error;
  }
}

/** The database may be lost or broken: it holds nothing that the log does not. */
async function openStore({ directory, ports: { stores } }: OpenMemberOptions, notices: string[]): Promise<KeyValueStore> {
  const path = viewsPathOf(directory);
  try {
    return await stores.open(path, 'open');
  } catch (error) {
    if (!isFileSystemError(error) || error.errno === 'EBUSY') throw error;
    notices.push(`The view database could not be opened (${error.errno}) and has been rebuilt from the log.`);
    await stores.destroy(path);
    return stores.open(path, 'create');
  }
}

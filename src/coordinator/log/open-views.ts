import { CollectiveError, isCollectiveError, LIMITS, type MemberId } from '../../base/index.js';
import type { EventLog } from '../../events/index.js';
import {
  type FileSystem,
  type Hasher,
  isFileSystemError,
  type KeyValueStore,
  type KeyValueStores,
  type Logger,
  type Timers,
} from '../../ports/index.js';
import { ViewHost } from '../../projections/index.js';
import { OpeningMarker } from './opening-marker.js';
import { replay } from './replay.js';

export interface OpenViewsOptions {
  /** Of the view database. */
  readonly path: string;
  readonly origin: MemberId;
  readonly ports: {
    readonly fileSystem: FileSystem;
    readonly stores: KeyValueStores;
    readonly hasher: Hasher;
    readonly logger: Logger;
    readonly timers: Timers;
  };
  readonly signal: AbortSignal;
}

export interface OpenedViews {
  readonly views: ViewHost;
  /** Whether every row was read and found right; false where there are too many to be read before a start. */
  readonly checked: boolean;
  /** What was mended, in sentences. */
  readonly notices: readonly string[];
}

/** A start that dies twice on the way through the database is not tried a third time. */
const DEATHS_MAX = 2;
/** Of the machine, not of the database: nothing is mended by building it anew. */
const PASSING_ERRNOS: ReadonlySet<string> = new Set(['EBUSY', 'ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'ENOMEM', 'EROFS']);

/**
 * Opens the views and brings them up to the log. What the database holds is checked first, as far as that takes no longer than
 * a moment; views that cannot be used are rebuilt from the log. Errors: LOG_DAMAGED, IO_FAILED, and the store's for what is not
 * its damage.
 */
export async function openViews(options: OpenViewsOptions, log: EventLog): Promise<OpenedViews> {
  const { path, ports } = options;
  const marker = new OpeningMarker(ports.fileSystem, `${path}.opening`);
  const deaths = await marker.begin();
  try {
    if (deaths < DEATHS_MAX) return await openAsItIs(options, log);
    return await rebuilt(options, log, 'the coordinator died while it read it');
  } catch (error) {
    const damage = damageOf(error);
    if (damage === undefined) throw error;
    return await rebuilt(options, log, damage);
  } finally {
    await marker.end();
  }
}

/** What is wrong with the database; undefined for an error of something else. */
function damageOf(error: unknown): string | undefined {
  if (isCollectiveError(error)) return error.code === 'VIEW_DAMAGED' ? error.message.replace(/\.$/, '') : undefined;
  return isFileSystemError(error) && !PASSING_ERRNOS.has(error.errno) ? `it cannot be read: ${error.message}` : undefined;
}

async function openAsItIs(options: OpenViewsOptions, log: EventLog): Promise<OpenedViews> {
  const store = await options.ports.stores.open(options.path, 'open');
  return withViews(options, store, async (views) => {
    const notices = views.dropped.map(({ reason }) => `Views were dropped and rebuilt from the log: ${reason}`);
    const checked = await check(views, options.signal);
    const { sequence } = views.position();
    if (sequence > log.head.sequence) throw endOfLogLost(sequence, log.head.sequence);
    await catchUp(views, log, options);
    return { checked, notices };
  });
}

async function rebuilt(options: OpenViewsOptions, log: EventLog, because: string): Promise<OpenedViews> {
  const { stores } = options.ports;
  await stores.destroy(options.path);
  const store = await stores.open(options.path, 'create');
  return withViews(options, store, async (views) => {
    await catchUp(views, log, options);
    return { checked: true, notices: [`The view database was damaged (${because}) and has been rebuilt from the log.`] };
  });
}

async function withViews(
  { origin, ports: { hasher, timers }, signal }: OpenViewsOptions,
  store: KeyValueStore,
  work: (views: ViewHost) => Promise<Omit<OpenedViews, 'views'>>,
): Promise<OpenedViews> {
  let views: ViewHost | undefined;
  try {
    views = await ViewHost.open(store, { origins: [origin], hasher, pause: () => timers.sleep(0, signal) });
    return { views, ...(await work(views)) };
  } catch (error) {
    await (views === undefined ? store.close() : views.close());
    throw error;
  }
}

/** Reads every row, unless there are too many. False: not read. Error: VIEW_DAMAGED. */
async function check(views: ViewHost, signal: AbortSignal): Promise<boolean> {
  if (views.flushedPosition().sequence === 0) return true;
  const rows = views.states().reduce((sum, state) => sum + state.rows, 0);
  if (rows > LIMITS.viewRowsCheckedAtStart) return false;
  const bad = (await views.verify(undefined, { signal })).filter(({ whole }) => !whole);
  if (bad.length === 0) return true;
  const named = bad.map(({ name, damagedRows }) => (damagedRows.length === 0 ? name : `${name}: ${damagedRows[0]}`));
  throw new CollectiveError('VIEW_DAMAGED', `Rows were lost or altered: ${named.join(', ')}.`);
}

async function catchUp(views: ViewHost, log: EventLog, { ports: { logger }, signal }: OpenViewsOptions): Promise<void> {
  let replayed = 0;
  for await (const applied of replay(log, views, { toSequence: log.head.sequence, signal })) replayed = applied;
  if (replayed > 0) logger.info('replayed the end of the log', { events: replayed, head: log.head.sequence });
  await views.flush();
}

function endOfLogLost(standsAt: number, head: number): CollectiveError {
  return new CollectiveError(
    'LOG_DAMAGED',
    `The views have seen event ${standsAt}, but the log ends at ${head}: the log has lost its end.`,
    { next: "Put back the newest backup of the coordinator's directory; nothing was changed." },
  );
}

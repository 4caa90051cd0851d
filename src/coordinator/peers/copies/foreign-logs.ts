import { CollectiveError, isCollectiveError, isMemberId, LIMITS, type MemberId } from '../../../base/index.js';
import { isFileSystemError } from '../../../ports/index.js';
import { ForeignLog, type ForeignLogOptions } from './foreign-log.js';
import type { ForeignViews } from './origin-views.js';

export interface ForeignLogsOptions extends Omit<ForeignLogOptions, 'origin' | 'onApplied' | 'onDamaged' | 'views'> {
  /** Its folder lies in the root too. */
  readonly ownOrigin: MemberId;
  readonly views: ForeignViews & { addOrigin(origin: MemberId): Promise<unknown> };
}

/** The copies of other members' logs, in folders beside the own log; each is opened or made when it is first needed. */
export class ForeignLogs {
  readonly #options: ForeignLogsOptions;
  readonly #logs = new Map<MemberId, ForeignLog>();
  readonly #opening = new Map<MemberId, Promise<ForeignLog>>();
  readonly #listeners = new Set<ForeignLogOptions['onApplied']>();
  readonly #damageListeners = new Set<(origin: MemberId) => void>();
  /** Whose views are open. */
  readonly #added = new Set<MemberId>();
  readonly #putAsideFor = new Map<MemberId, string>();
  #closed = false;

  constructor(options: ForeignLogsOptions) {
    this.#options = options;
  }

  /** Opens every copy that is there. */
  async openAll(): Promise<void> {
    const names = await this.#options.fileSystem.readDirectory(this.#options.root);
    for (const name of names.toSorted()) {
      if (isMemberId(name) && name !== this.#options.ownOrigin) await this.open(name);
    }
  }

  get(origin: MemberId): ForeignLog | undefined {
    return this.#logs.get(origin);
  }

  all(): readonly ForeignLog[] {
    return [...this.#logs.values()];
  }

  /** Why copies were put aside since the start, the last time for each. */
  get putAside(): ReadonlyMap<MemberId, string> {
    return this.#putAsideFor;
  }

  /** Told whenever views of an origin have moved, past which events; must not throw. Returns what ends that. */
  onApplied(listener: ForeignLogOptions['onApplied']): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Told whenever a copy that is open turns out to be damaged; must not throw. Returns what ends that. */
  onDamaged(listener: (origin: MemberId) => void): () => void {
    this.#damageListeners.add(listener);
    return () => this.#damageListeners.delete(listener);
  }

  /** The copy of this log, made with its first block where there is none. Errors: LIMIT_EXCEEDED, IO_FAILED. */
  open(origin: MemberId): Promise<ForeignLog> {
    const open = this.#logs.get(origin);
    if (open !== undefined) return Promise.resolve(open);
    const opening = this.#opening.get(origin) ?? this.#open(origin).finally(() => this.#opening.delete(origin));
    this.#opening.set(origin, opening);
    return opening;
  }

  /** After it failed: it is checked anew, and put aside where it is damaged. Errors as `open`. */
  async reopen(origin: MemberId): Promise<void> {
    await this.#shut(origin);
    await this.open(origin);
  }

  /** Puts a copy aside that was found damaged, and starts an empty one, as its views do. Errors as `open`. */
  async replace(origin: MemberId, damage: CollectiveError): Promise<void> {
    await this.#shut(origin);
    await this.#putAside(origin, damage);
    const log = await this.open(origin);
    log.rebuildViews();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#opening.values());
    for (const log of this.#logs.values()) await log.close();
    this.#logs.clear();
  }

  async #open(origin: MemberId): Promise<ForeignLog> {
    const { views } = this.#options;
    if (this.#closed) throw new CollectiveError('UNAVAILABLE', 'The coordinator is stopping.');
    if (this.#logs.size + this.#opening.size >= LIMITS.foreignLogs) {
      throw new CollectiveError('LIMIT_EXCEEDED', `A coordinator keeps the logs of ${LIMITS.foreignLogs} other members.`);
    }
    if (!this.#added.has(origin)) await views.addOrigin(origin);
    this.#added.add(origin);
    const onApplied: ForeignLogOptions['onApplied'] = (moved, events) => {
      for (const listener of this.#listeners) listener(moved, events);
    };
    const onDamaged = (damaged: MemberId): void => {
      for (const listener of this.#damageListeners) listener(damaged);
    };
    const options = { ...this.#options, origin, onApplied, onDamaged };
    const log = await ForeignLog.open(options).catch(async (error: unknown) => {
      if (!isCollectiveError(error) || error.code !== 'LOG_DAMAGED') throw error;
      await this.#putAside(origin, error);
      return ForeignLog.open(options);
    });
    this.#logs.set(origin, log);
    return log;
  }

  async #shut(origin: MemberId): Promise<void> {
    const log = this.#logs.get(origin);
    this.#logs.delete(origin);
    await log?.close().catch((error: unknown) => {
      this.#options.logger.warn('the copy of a log did not close', { origin, error });
    });
  }

  async #putAside(origin: MemberId, damage: CollectiveError): Promise<void> {
    this.#options.logger.error('the copy of a log is damaged; it is put aside and fetched anew', { origin, error: damage });
    await this.#setAside(origin);
    this.#putAsideFor.set(origin, damage.message);
  }

  /** Moves a copy to a name of its own, unchanged. Error: LIMIT_EXCEEDED when too many were put aside already. */
  async #setAside(origin: MemberId): Promise<void> {
    const { fileSystem, root } = this.#options;
    try {
      const names = new Set(await fileSystem.readDirectory(root));
      let number = 1;
      while (names.has(`${origin}.aside-${number}`)) number += 1;
      if (number > LIMITS.copiesSetAside) {
        throw new CollectiveError('LIMIT_EXCEEDED', `${LIMITS.copiesSetAside} copies of one log were put aside in ${root}.`, {
          next: 'Look at why, and remove those that nobody needs any more.',
        });
      }
      await fileSystem.rename(`${root}/${origin}`, `${root}/${origin}.aside-${number}`);
      await fileSystem.syncDirectory(root);
    } catch (error) {
      if (!isFileSystemError(error)) throw error;
      throw new CollectiveError('IO_FAILED', `The copy of a log cannot be put aside: ${error.message}.`, { cause: error });
    }
  }
}

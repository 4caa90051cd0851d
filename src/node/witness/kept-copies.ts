import { CollectiveError, isCollectiveError, LIMITS, type MemberId } from '../../base/index.js';
import { type Head, type LogCopy, makeFolder, openLogCopy, type StoredBlock } from '../../events/index.js';
import { type FileSystem, type Hasher, isFileSystemError, type Logger, type SignatureVerifier } from '../../ports/index.js';

export interface KeptCopiesOptions {
  /** Absolute; made when it is needed, its parent exists. One folder below it for every origin. */
  readonly root: string;
  /** Whose logs this node keeps. */
  readonly origins: readonly MemberId[];
  readonly fileSystem: FileSystem;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  readonly logger: Logger;
}

/** The copies of logs that this node keeps for its coordinator. One call at a time. */
export class KeptCopies {
  readonly #options: KeptCopiesOptions;
  readonly #copies = new Map<MemberId, LogCopy>();

  constructor(options: KeptCopiesOptions) {
    this.#options = options;
  }

  /** Opens what is there. A copy that does not open is put aside: the coordinator gives it again from the first block on. */
  async open(): Promise<void> {
    const { origins, logger, root } = this.#options;
    const there = new Set(await this.#names(root));
    for (const origin of origins) {
      if (this.#copies.has(origin) || !there.has(origin)) continue;
      try {
        this.#copies.set(origin, await this.#openCopy(origin));
      } catch (error) {
        if (!isCollectiveError(error) || error.code !== 'LOG_DAMAGED') throw error;
        logger.error('the copy of the log is damaged; it is put aside and made anew', { origin, error });
        await this.setAside(origin);
      }
    }
  }

  /** How far each copy goes. */
  get heads(): readonly Head[] {
    return [...this.#copies.values()].map(({ head }) => head);
  }

  /** Durable when it resolves. Errors: PERMISSION_DENIED for an origin that is not kept, and those of LogCopy.append. */
  async append(origin: MemberId, blocks: readonly Uint8Array[]): Promise<Head> {
    return (await this.#copy(origin)).append(blocks);
  }

  /** Errors: NOT_FOUND, LOG_DAMAGED, IO_FAILED, CANCELLED. */
  read(
    origin: MemberId,
    range: { readonly fromSequence: number; readonly toSequence: number; readonly signal: AbortSignal },
  ): AsyncIterable<StoredBlock> {
    const copy = this.#copies.get(origin);
    if (copy === undefined) throw new CollectiveError('NOT_FOUND', `This node keeps no copy of the log of ${origin}.`);
    return copy.read(range);
  }

  /** Moves a copy to a name of its own, unchanged. Error: LIMIT_EXCEEDED when too many were put aside already. */
  async setAside(origin: MemberId): Promise<void> {
    const { fileSystem, root, logger } = this.#options;
    await this.#forget(origin);
    const names = new Set(await this.#names(root));
    if (!names.has(origin)) return;
    let number = 1;
    while (names.has(`${origin}.aside-${number}`)) number += 1;
    if (number > LIMITS.copiesSetAside) {
      throw new CollectiveError('LIMIT_EXCEEDED', `${LIMITS.copiesSetAside} copies of the log were put aside in ${root}.`, {
        next: 'Look at why, and remove those that nobody needs any more.',
      });
    }
    await fileSystem.rename(`${root}/${origin}`, `${root}/${origin}.aside-${number}`);
    await fileSystem.syncDirectory(root);
    logger.warn('a copy of the log was put aside', { origin, folder: `${root}/${origin}.aside-${number}` });
  }

  /** After a failure: the copy is opened again by the next `open`. */
  async close(): Promise<void> {
    for (const origin of this.#copies.keys()) await this.#forget(origin);
  }

  async #copy(origin: MemberId): Promise<LogCopy> {
    const { origins } = this.#options;
    if (!origins.includes(origin))
      throw new CollectiveError('PERMISSION_DENIED', 'This node keeps the log of its own member only.');
    const there = this.#copies.get(origin);
    if (there !== undefined) return there;
    const copy = await this.#openCopy(origin);
    this.#copies.set(origin, copy);
    return copy;
  }

  async #openCopy(origin: MemberId): Promise<LogCopy> {
    const { fileSystem, hasher, verifier, root, logger } = this.#options;
    await this.#makeRoot();
    const copy = await openLogCopy({ fileSystem, hasher, verifier, directory: `${root}/${origin}`, origin });
    for (const notice of copy.recovery.notices) logger.warn('mended in the copy of the log', { origin, notice });
    return copy;
  }

  async #makeRoot(): Promise<void> {
    const { fileSystem, root } = this.#options;
    await makeFolder(fileSystem, root);
  }

  async #names(directory: string): Promise<readonly string[]> {
    try {
      return await this.#options.fileSystem.readDirectory(directory);
    } catch (error) {
      if (isFileSystemError(error) && error.errno === 'ENOENT') return [];
      throw error;
    }
  }

  async #forget(origin: MemberId): Promise<void> {
    const copy = this.#copies.get(origin);
    this.#copies.delete(origin);
    await copy?.close();
  }
}

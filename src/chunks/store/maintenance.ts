import { type ChunkId, isChunkId, type MemberId, type UploadId } from '../../base/index.js';
import type { FileSystem, Logger, Timers } from '../../ports/index.js';
import type { ChunkFiles } from './chunk-files.js';
import type { ChunkReader } from './chunk-reader.js';
import type { Committer } from './committer.js';
import type { IndexKeeper } from './index-keeper.js';
import type { KeyedLock } from './keyed-lock.js';
import { numbersOf, type StoreLayout } from './layout.js';
import type { PackReader } from './pack-reader.js';
import type { PendingChunks } from './pending-chunks.js';
import type { ChunkEntry, StoredChunk } from './types.js';

export interface MaintenanceParts {
  readonly fileSystem: FileSystem;
  readonly layout: StoreLayout;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly files: ChunkFiles;
  readonly packs: PackReader;
  readonly index: IndexKeeper;
  readonly pending: PendingChunks;
  readonly reader: ChunkReader;
  readonly committer: Committer;
  readonly locks: KeyedLock;
}

const REST_MS = 20;
const LOOKUPS = 256;

/**
 * What the store does once after each start, in small steps with a rest between them: it checks the index, and then clears
 * away chunk files that no hold names (of puts that a crash cut off). Where the journal lost holds, it takes such chunks
 * back in instead.
 */
export class Maintenance {
  readonly #parts: MaintenanceParts;

  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
  }

  async run(signal: AbortSignal): Promise<void> {
    const rest = (): Promise<void> => this.#parts.timers.sleep(REST_MS, signal);
    await rest();
    await this.#parts.index.use((index) => index.audit(rest, signal));
    const unsettled = this.#parts.index.current?.state.unsettled === true;
    await this.#sweepFiles(unsettled, rest, signal);
    if (!unsettled) return;
    await this.#adoptFromPacks(rest, signal);
    await this.#parts.index.use((index) => index.setUnsettled(false));
  }

  async #sweepFiles(adopt: boolean, rest: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const { fileSystem, layout, logger } = this.#parts;
    for (const folder of layout.chunkFolders) {
      await rest();
      const names = await fileSystem.readDirectory(layout.chunkFolder(folder));
      const ids = names.filter(isChunkId).filter((id) => layout.folderOf(id) === folder);
      if (ids.length < names.length)
        logger.warn('foreign files in a chunk folder are left alone', { folder, files: names.length - ids.length });
      for (let first = 0; first < ids.length; first += LOOKUPS) {
        await rest();
        for (const id of await this.#unnamed(ids.slice(first, first + LOOKUPS))) await this.#settleFile(id, adopt, signal);
      }
    }
  }

  /** Those of which neither the index nor an upload knows. */
  async #unnamed(ids: readonly ChunkId[]): Promise<readonly ChunkId[]> {
    const rows = await this.#parts.index.use((index) => index.chunks(ids));
    return ids.filter((id, at) => rows[at] === undefined && this.#parts.pending.find(id) === undefined);
  }

  #settleFile(chunkId: ChunkId, adopt: boolean, signal: AbortSignal): Promise<void> {
    const { files, locks, logger } = this.#parts;
    return locks.run(chunkId, async () => {
      // A put may have come in between.
      if ((await this.#unnamed([chunkId])).length === 0) return;
      if (adopt) {
        const footer = await files.describe(chunkId);
        if (footer !== undefined) await this.#adopt({ chunkId, ...footer, location: { kind: 'file' } }, signal);
        return;
      }
      logger.info('a chunk file without a hold is cleared away', { chunkId });
      await files.remove(chunkId);
    });
  }

  async #adoptFromPacks(rest: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const { fileSystem, layout, packs } = this.#parts;
    for (const pack of numbersOf(await fileSystem.readDirectory(layout.packs), 'pack')) {
      await rest();
      for await (const { chunkId, lengthBytes, origin, offset } of packs.records(pack)) {
        if ((await this.#unnamed([chunkId])).length === 0) continue;
        await this.#adopt({ chunkId, lengthBytes, origin, location: { kind: 'pack', pack, offset } }, signal);
      }
    }
  }

  async #adopt(found: ChunkEntry & StoredChunk & { readonly origin: MemberId }, signal: AbortSignal): Promise<void> {
    const { reader, committer, logger } = this.#parts;
    if (!(await reader.isWhole(found.chunkId, found, signal))) return;
    logger.warn('a chunk whose hold was lost is taken back in', { chunkId: found.chunkId, origin: found.origin });
    await committer.adopt({ ...found, uploadId: NO_UPLOAD, expiresAtMs: 0 }, signal);
  }
}

/** Sixteen zero bytes: the upload is not known any more. */
const NO_UPLOAD = 'a'.repeat(26) as UploadId;

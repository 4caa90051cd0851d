import type { NodeId } from '../../base/index.js';
import { countsAsHolder, type Protection, ProtectionTally } from '../../domain/index.js';
import type { VersionRow, ViewHost } from '../../projections/index.js';
import type { NodeRegistry } from '../nodes/node-registry.js';
import type { Walked } from './tree-walk.js';
import { chunksOfVersion, type PlacedChunk } from './version-chunks.js';

/** Finds out how well files are kept, from what is on record and from who is here now. */
export class ProtectionDesk {
  readonly #options: { readonly views: ViewHost; readonly registry: NodeRegistry };

  constructor(options: { readonly views: ViewHost; readonly registry: NodeRegistry }) {
    this.#options = options;
  }

  here(id: NodeId): boolean {
    return this.#options.registry.presence(id) === 'online';
  }

  /** `onChunks` is told of all chunks as they come. Error: CANCELLED. */
  async inspect(
    version: VersionRow,
    signal: AbortSignal,
    onChunks?: (chunks: readonly PlacedChunk[]) => Promise<void> | void,
  ): Promise<Protection> {
    const tally = await this.#tally();
    for await (const chunks of chunksOfVersion(this.#options.views, version)) {
      signal.throwIfAborted();
      for (const { row } of chunks) tally.add(row);
      await onChunks?.(chunks);
    }
    return tally.result();
  }

  /**
   * Whether a chunk of a file's current version has fewer copies than wanted: on record, or also fewer that can be reached now.
   * Ends at the first. Error: CANCELLED.
   */
  async isUnderProtected(
    { row, fileId }: Walked,
    signal: AbortSignal,
    counted: 'on-record' | 'reachable' = 'on-record',
  ): Promise<boolean> {
    if (row.kind !== 'file' || row.version === 0) return false;
    const version = await this.#options.views.run(({ namespace }) => namespace.version(fileId, row.version));
    if (version === undefined) return false;
    const tally = await this.#tally();
    for await (const chunks of chunksOfVersion(this.#options.views, version)) {
      signal.throwIfAborted();
      for (const { row: placement } of chunks) tally.add(placement);
      const { underProtectedChunks, copiesReachable, copiesWanted } = tally.result();
      if (underProtectedChunks > 0 || (counted === 'reachable' && copiesReachable < copiesWanted)) return true;
    }
    return false;
  }

  async #tally(): Promise<ProtectionTally> {
    const known = await this.#options.views.run((all) =>
      all.nodes.all().flatMap(([id]) => (countsAsHolder(id, all) ? [id] : [])),
    );
    return new ProtectionTally(new Set(known), (id) => this.here(id));
  }
}

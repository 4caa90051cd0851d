import { isMemberId, type MemberId } from '../../base/index.js';
import {
  countsAsHolder,
  type HolderId,
  memberCounts,
  type MemberReach,
  type Protection,
  ProtectionTally,
} from '../../domain/index.js';
import type { VersionRow } from '../../projections/index.js';
import type { SharedCopies } from '../foreign/shared-copies.js';
import type { ViewReader } from '../log/view-reader.js';
import type { NodeRegistry } from '../nodes/node-registry.js';
import type { Walked } from './tree-walk.js';
import { chunksOfVersion, type PlacedChunk } from './version-chunks.js';

/** Fewer copies than wanted on record; or as many, and some of them at nodes that are away. */
export type FileStanding = 'protected' | 'out-of-reach' | 'under-protected' | 'lost';

/** How bad it has to be for the rest of a file's chunks not to matter. */
export type Ends = 'lost' | 'on-record' | 'reachable';

interface ProtectionDeskOptions {
  readonly views: ViewReader;
  readonly registry: Pick<NodeRegistry, 'presence'>;
  readonly shared: Pick<SharedCopies, 'reachOf'>;
}

/** Finds out how well files are kept, from what is on record and from who is here now. */
export class ProtectionDesk {
  readonly #options: ProtectionDeskOptions;

  constructor(options: ProtectionDeskOptions) {
    this.#options = options;
  }

  here(id: HolderId): boolean {
    const { registry, shared } = this.#options;
    return isMemberId(id) ? shared.reachOf(id) === 'here' : registry.presence(id) === 'online';
  }

  reachOf(memberId: MemberId): MemberReach {
    return this.#options.shared.reachOf(memberId);
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
    walked: Walked,
    signal: AbortSignal,
    counted: 'on-record' | 'reachable' = 'on-record',
  ): Promise<boolean> {
    const standing = await this.standing(walked, signal, counted);
    return isAsBad(standing, counted);
  }

  /** Of a file's current version. Ends at the first chunk that is as bad as `ends`. Error: CANCELLED. */
  async standing({ row, fileId }: Walked, signal: AbortSignal, ends: Ends): Promise<FileStanding> {
    if (row.kind !== 'file' || row.version === 0) return 'protected';
    const version = await this.#options.views.run(({ namespace }) => namespace.version(fileId, row.version));
    if (version === undefined) return 'protected';
    const tally = await this.#tally();
    for await (const chunks of chunksOfVersion(this.#options.views, version)) {
      signal.throwIfAborted();
      for (const { row: placement } of chunks) tally.add(placement);
      const standing = standingOf(tally.result());
      if (isAsBad(standing, ends)) return standing;
    }
    return standingOf(tally.result());
  }

  /** Changes whenever nodes and members come and go, or begin or cease to count. */
  async whoIsHere(): Promise<{ readonly all: boolean; readonly key: string }> {
    const known = await this.#known();
    const here = known.filter((id) => this.here(id));
    return { all: here.length === known.length, key: here.join(' ') };
  }

  async #tally(): Promise<ProtectionTally> {
    const known = new Set(await this.#known());
    return new ProtectionTally(
      (id) => known.has(id),
      (id) => this.here(id),
    );
  }

  #known(): Promise<readonly HolderId[]> {
    return this.#options.views.run((all) => [
      ...all.nodes.all().flatMap(([id]) => (countsAsHolder(id, all) ? [id] : [])),
      ...all.peers.all().flatMap(([id]) => (memberCounts(id, all) && all.usage.member(id).chunks > 0 ? [id] : [])),
    ]);
  }
}

const isAsBad = (standing: FileStanding, ends: Ends): boolean =>
  standing === 'lost' ||
  (standing === 'under-protected' && ends !== 'lost') ||
  (standing === 'out-of-reach' && ends === 'reachable');

function standingOf({ lostChunks, underProtectedChunks, copiesReachable, copiesWanted }: Protection): FileStanding {
  if (lostChunks > 0) return 'lost';
  if (underProtectedChunks > 0) return 'under-protected';
  return copiesReachable < copiesWanted ? 'out-of-reach' : 'protected';
}

import { type ChunkId, CollectiveError, type MemberId } from '../../../base/index.js';
import type { PlacementRow } from '../../../projections/index.js';
import { failureOf, type PlacedExtent, type ReadFile, type ReadFilesResponse } from '../../../transport/index.js';
import type { PageReader, ReadPages, TargetExtent } from '../../files/read-pages.js';
import type { ChunkToRead, ReaderFound } from '../../foreign/reader-sources.js';
import type { SharedCopies } from '../../foreign/shared-copies.js';
import type { ViewReader } from '../../log/view-reader.js';

export interface KnownPagesOptions {
  readonly owner: { readonly memberId: MemberId; readonly name: string };
  readonly own: MemberId;
  /** The owner's, as far as they are known here. */
  readonly views: ViewReader;
  readonly shared: Pick<SharedCopies, 'readers' | 'nameOf' | 'reachOf'>;
}

type Rows = ReadonlyMap<ChunkId, PlacementRow | undefined>;

/**
 * Files of a member whose coordinator is away: with members that keep copies, the own one first. Its own nodes may run, but only its
 * coordinator gives tickets for them.
 */
export class KnownPages implements ReadPages {
  readonly #options: KnownPagesOptions;

  constructor(options: KnownPagesOptions) {
    this.#options = options;
  }

  async page(files: readonly ReadFile[], extents: readonly TargetExtent[], reader: PageReader): Promise<ReadFilesResponse> {
    const { owner, views, shared } = this.#options;
    const chunkIds = [...new Set(extents.map(({ extent }) => extent.chunkId).filter((id) => id !== undefined))];
    const rows: Rows = await views.run(({ placement }) => {
      placement.need(chunkIds);
      return new Map(chunkIds.map((id) => [id, placement.chunk(id)]));
    });
    const found = await shared.readers.locate(owner.memberId, this.#wanted(extents, rows), reader.keyHash, reader.signal);
    const sources = found.sources.toSorted((a, b) => Number(a.access.memberId !== '') - Number(b.access.memberId !== ''));
    const nodesOf = new Map<ChunkId, number[]>();
    for (const [index, { chunks }] of sources.entries()) {
      for (const { chunkId } of chunks) nodesOf.set(chunkId, [...(nodesOf.get(chunkId) ?? []), index]);
    }
    const refused = this.#refused(extents, found);
    return {
      files: [...files.filter(({ target }) => !refused.has(target)), ...refused.values()],
      extents: extents.map(({ target, extent: { offsetBytes, lengthBytes, chunkId } }): PlacedExtent => {
        const placed = { target, offsetBytes, lengthBytes };
        if (chunkId === undefined) return { ...placed, chunkId: '', nodes: [], ...NOBODY };
        const nodes = nodesOf.get(chunkId) ?? [];
        return { ...placed, chunkId, nodes, ...(nodes.length > 0 ? NOBODY : this.#missing(rows.get(chunkId), found)) };
      }),
      nodes: sources.map(({ access }) => access),
    };
  }

  /** By who keeps it: each chunk once, by the first file that names it. */
  #wanted(extents: readonly TargetExtent[], rows: Rows): ReadonlyMap<MemberId, readonly ChunkToRead[]> {
    const wanted = new Map<MemberId, ChunkToRead[]>();
    const seen = new Set<ChunkId>();
    for (const { extent, of } of extents) {
      const { chunkId, lengthBytes } = extent;
      if (chunkId === undefined || seen.has(chunkId)) continue;
      seen.add(chunkId);
      const { fileId, version, listId } = of;
      const chunk = { chunkId, lengthBytes, of: { fileId, version }, extentListId: listId ?? '' };
      for (const memberId of rows.get(chunkId)?.members ?? []) wanted.set(memberId, [...(wanted.get(memberId) ?? []), chunk]);
    }
    return wanted;
  }

  /** Files of which a part could be had only from who does not give it. */
  #refused(extents: readonly TargetExtent[], { refusedBy }: ReaderFound): ReadonlyMap<number, ReadFile> {
    const refused = new Map<number, ReadFile>();
    for (const { target, extent } of extents) {
      const by = extent.chunkId === undefined ? undefined : refusedBy.get(extent.chunkId);
      if (by !== undefined) refused.set(target, { target, info: undefined, failure: failureOf(this.#refusal(by)) });
    }
    return refused;
  }

  #refusal(by: MemberId): CollectiveError {
    const { owner, shared } = this.#options;
    const [holder, name] = [shared.nameOf(by), owner.name];
    return new CollectiveError(
      'PERMISSION_DENIED',
      `${holder} keeps a copy and does not give it: by what ${holder} knows of the log of ${name}, it is not granted to you.`,
      { next: `Try again once ${name} is back: see collective peer list.`, details: { member: holder } },
    );
  }

  /** Who has copies, and could not be asked or gave none. */
  #missing(row: PlacementRow | undefined, { answered }: ReaderFound): Who {
    const { owner, shared } = this.#options;
    const { members = [], holders = [] } = row ?? {};
    const silent = members.filter((id) => !answered.has(id));
    const refusing = silent.filter((id) => shared.reachOf(id) === 'not-admitted');
    const away = silent.filter((id) => !refusing.includes(id)).map((id) => shared.nameOf(id));
    return {
      holderNames: members.filter((id) => answered.has(id)).map((id) => shared.nameOf(id)),
      awayNames: [...(holders.length > 0 ? [owner.name] : []), ...away],
      refusingNames: refusing.map((id) => shared.nameOf(id)),
    };
  }
}

type Who = Pick<PlacedExtent, 'holderNames' | 'awayNames' | 'refusingNames'>;

const NOBODY: Who = { holderNames: [], awayNames: [], refusingNames: [] };

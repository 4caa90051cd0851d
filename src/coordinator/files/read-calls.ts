import {
  accept,
  assert,
  type ChunkId,
  CollectiveError,
  isChunkId,
  isMemberId,
  isNodeId,
  LIMITS,
  type MemberId,
  type NodeId,
  toCollectiveError,
} from '../../base/index.js';
import { choose, countsAsHolder, keptVersion, type Names, standingAt, type Which } from '../../domain/index.js';
import type { Extent } from '../../events/index.js';
import type { Clock } from '../../ports/index.js';
import type { NamespaceReader, NodeRow, PlacementRow, VersionRow, ViewHost } from '../../projections/index.js';
import { failureOf } from '../../transport/index.js';
import type {
  EntryInfo,
  PlacedExtent,
  ReadFile,
  ReadFilesRequest,
  ReadFilesResponse,
  ReadTarget,
  ReportDamageRequest,
  ReportDamageResponse,
} from '../../transport/index.js';
import { clientCaller, type FilesCall } from '../caller.js';
import type { ListedChunk, MemberSource } from '../foreign/member-sources.js';
import type { SharedCopies } from '../foreign/shared-copies.js';
import type { DamageDesk } from '../nodes/damage-desk.js';
import type { NodeRegistry } from '../nodes/node-registry.js';
import { entryInfo } from './entry-info.js';
import { atMost, fileIdIn, ownPath } from './requests.js';
import type { TicketOffice } from './tickets.js';

export interface ReadCallsOptions {
  readonly views: ViewHost;
  readonly registry: NodeRegistry;
  readonly tickets: TicketOffice;
  readonly damage: DamageDesk;
  /** Copies with other members. */
  readonly shared: SharedCopies;
  readonly clock: Clock;
  readonly retentionMs: number;
}

interface Opened {
  readonly target: number;
  readonly info: EntryInfo;
  readonly version: VersionRow | undefined;
  readonly fromBytes: number;
  readonly toBytes: number;
}

interface TargetExtent {
  readonly target: number;
  readonly extent: Extent;
}

type Holding = Pick<PlacementRow, 'lengthBytes' | 'holders' | 'members' | 'lost'>;

interface PageReader {
  readonly keyHash: Uint8Array;
  /** Copies at other members too where own nodes have some. */
  readonly everywhere: boolean;
  readonly signal: AbortSignal;
}

/** The calls that bring files out: where their bytes are, with the tickets to get them. */
export class ReadCalls {
  readonly #options: ReadCallsOptions;

  constructor(options: ReadCallsOptions) {
    this.#options = options;
  }

  /** Pages are made as they are taken; tickets are fresh in each. */
  async *readFiles(request: ReadFilesRequest, call: FilesCall): AsyncGenerator<ReadFilesResponse> {
    const { keyHash } = clientCaller(call.caller);
    const reader = { keyHash, everywhere: request.everywhere === true, signal: call.signal };
    const targets = atMost('files', request.targets, LIMITS.filesPerCommit);
    let files: ReadFile[] = [];
    let extents: TargetExtent[] = [];
    for (const [index, target] of targets.entries()) {
      const opened = await this.#open(target, index);
      files.push('failure' in opened ? opened : { target: index, info: opened.info, failure: undefined });
      if ('failure' in opened) continue;
      for await (const extent of this.#extents(opened)) {
        extents.push({ target: index, extent });
        if (extents.length < LIMITS.extentsPerList) continue;
        yield await this.#page(files, extents, reader);
        files = [];
        extents = [];
      }
    }
    if (files.length > 0 || extents.length > 0) yield await this.#page(files, extents, reader);
  }

  async reportDamage(request: ReportDamageRequest, call: FilesCall): Promise<ReportDamageResponse> {
    const copies = atMost('copies', request.copies, LIMITS.chunksPerCall).map(({ nodeId, chunkId, memberId = '' }) => {
      const whose: MemberId | '' | undefined = memberId === '' ? '' : isMemberId(memberId) ? memberId : undefined;
      if (!isNodeId(nodeId) || !isChunkId(chunkId) || whose === undefined)
        throw new CollectiveError('REQUEST_INVALID', 'A report names a chunk and a node.');
      return { nodeId, chunkId, memberId: whose };
    });
    const { damage, shared } = this.#options;
    const onRecord = await this.#onRecord(copies);
    const foreign = onRecord.flatMap(({ memberId, ...copy }) => (memberId === '' ? [] : [{ ...copy, memberId }]));
    const own = onRecord.filter(({ memberId }) => memberId === '');
    await Promise.all([damage.suspect(own, call.signal), shared.damage.suspect(foreign, call.signal)]);
    return {};
  }

  /** Of what is not on record there is nothing to check, and it would keep its place in the list for ever. */
  #onRecord<Copy extends { readonly nodeId: NodeId; readonly chunkId: ChunkId; readonly memberId: MemberId | '' }>(
    copies: readonly Copy[],
  ): Promise<readonly Copy[]> {
    return this.#options.views.run(({ placement }) => {
      placement.need(copies.map(({ chunkId }) => chunkId));
      return copies.filter(({ nodeId, chunkId, memberId }) => {
        const row = placement.chunk(chunkId);
        return memberId === '' ? row?.holders.includes(nodeId) === true : row?.members.includes(memberId) === true;
      });
    });
  }

  async #open(target: ReadTarget, index: number): Promise<Opened | (ReadFile & { readonly failure: object })> {
    try {
      const names = ownPath(target.path);
      const { info, version } = await this.#options.views.run(({ namespace }) => this.#resolve(names, target, namespace));
      const fromBytes = Math.min(target.offsetBytes, info.sizeBytes);
      const toBytes = target.lengthBytes === 0 ? info.sizeBytes : Math.min(fromBytes + target.lengthBytes, info.sizeBytes);
      return { target: index, info, version, fromBytes, toBytes };
    } catch (error) {
      return { target: index, info: undefined, failure: failureOf(toCollectiveError(error)) };
    }
  }

  /** The current version shows the file's attributes as they are now, an older one those it was committed with. */
  #resolve(
    names: Names,
    target: ReadTarget,
    namespace: NamespaceReader,
  ): { readonly info: EntryInfo; readonly version: VersionRow | undefined } {
    const retention = { nowMs: this.#options.clock.nowMs(), retentionMs: this.#options.retentionMs };
    const chosen =
      target.deletedToo === true
        ? accept(choose(names, whichOf(target), namespace, retention))
        : { standing: accept(standingAt(names, namespace)), version: target.version === 0 ? undefined : target.version };
    const { fileId, row } = chosen.standing;
    const number = chosen.version ?? row.version;
    if (row.kind !== 'file' || number === 0) return { info: entryInfo(names, fileId, row), version: undefined };
    const version = accept(keptVersion(names, { standing: chosen.standing, version: number }, namespace, retention));
    const { sizeBytes, committedMs, contentType } = version;
    const { mode, modified } = number === row.version ? row : version;
    const shown = { ...row, sizeBytes, committedMs, contentType, mode, modified, version: number };
    return { info: entryInfo(names, fileId, shown), version };
  }

  /** Those that overlap the range, in order; list by list, so that a long file is never in memory as a whole. */
  async *#extents({ version, fromBytes, toBytes }: Opened): AsyncGenerator<Extent> {
    if (version === undefined || fromBytes >= toBytes) return;
    const wanted = (extent: Extent): boolean =>
      extent.offsetBytes < toBytes && extent.offsetBytes + extent.lengthBytes > fromBytes;
    yield* version.extents.filter(wanted);
    for (const id of version.extentListIds) {
      const extents = await this.#options.views.run((views) => views.extents.extents(id));
      assert(extents !== undefined, 'a committed version has its lists');
      yield* extents.filter(wanted);
      const last = extents.at(-1);
      if (last !== undefined && last.offsetBytes + last.lengthBytes >= toBytes) return;
    }
  }

  async #page(files: readonly ReadFile[], extents: readonly TargetExtent[], reader: PageReader): Promise<ReadFilesResponse> {
    const chunkIds = [...new Set(extents.map(({ extent }) => extent.chunkId).filter((id) => id !== undefined))];
    const { holdings, nodes } = await this.#options.views.run((views) => {
      views.placement.need(chunkIds);
      return {
        holdings: new Map<ChunkId, Holding | undefined>(chunkIds.map((id) => [id, views.placement.chunk(id)])),
        // Nobody is sent to a node that was revoked.
        nodes: new Map<NodeId, NodeRow>(
          views.nodes.all().map(([id, row]) => [id, countsAsHolder(id, views) ? row : { ...row, endpoints: [] }]),
        ),
      };
    });
    const order = new Map(chunkIds.map((id) => [id, this.#inOrder(id, holdings.get(id)?.holders ?? [], nodes)]));
    const byNode = new Map<NodeId, ListedChunk[]>();
    for (const [chunkId, nodeIds] of order) {
      const lengthBytes = holdings.get(chunkId)?.lengthBytes ?? 0;
      for (const nodeId of nodeIds) byNode.set(nodeId, [...(byNode.get(nodeId) ?? []), { chunkId, lengthBytes }]);
    }
    const nodeIds = [...byNode.keys()];
    const indexOf = new Map(nodeIds.map((nodeId, index) => [nodeId, index]));
    const foreign = await this.#foreign(order, holdings, reader);
    const foreignOf = new Map<ChunkId, number[]>();
    foreign.forEach(({ chunks }, index) => {
      for (const { chunkId } of chunks) foreignOf.set(chunkId, [...(foreignOf.get(chunkId) ?? []), nodeIds.length + index]);
    });
    const holdersOf = (chunkId: ChunkId): number[] => {
      const own = order.get(chunkId) ?? [];
      const here = own.filter(this.#isHere).map((nodeId) => indexOf.get(nodeId) ?? 0);
      const away = own.filter((nodeId) => !this.#isHere(nodeId)).map((nodeId) => indexOf.get(nodeId) ?? 0);
      return [...here, ...(foreignOf.get(chunkId) ?? []), ...away];
    };
    const { shared } = this.#options;
    const namesOf = (chunkId: ChunkId): string[] => {
      const { lost = [], members = [] } = holdings.get(chunkId) ?? {};
      const gone = members.filter((id) => shared.isHere(id)).map((id) => shared.nameOf(id));
      return [...lost.map((id) => nodes.get(id)?.name ?? id), ...gone];
    };
    const answered = new Set(foreign.map(({ access }) => access.memberId));
    const awayOf = (chunkId: ChunkId): string[] => {
      const { members = [] } = holdings.get(chunkId) ?? {};
      if (!reader.everywhere && (order.get(chunkId) ?? []).some(this.#isHere)) return [];
      return members.filter((id) => !answered.has(id) && !shared.isHere(id)).map((id) => shared.nameOf(id));
    };
    return {
      files: [...files],
      extents: extents.map(({ target, extent: { offsetBytes, lengthBytes, chunkId } }): PlacedExtent => {
        const placed = { target, offsetBytes, lengthBytes };
        if (chunkId === undefined) return { ...placed, chunkId: '', nodes: [], holderNames: [], awayNames: [] };
        const holders = holdersOf(chunkId);
        const holderNames = holders.length > 0 ? [] : namesOf(chunkId);
        return { ...placed, chunkId, nodes: holders, holderNames, awayNames: awayOf(chunkId) };
      }),
      nodes: [
        ...nodeIds.map((nodeId) => ({
          nodeId,
          name: nodes.get(nodeId)?.name ?? nodeId,
          endpoints: nodes.get(nodeId)?.endpoints ?? [],
          ...this.#options.tickets.read({ nodeId, clientKeyHash: reader.keyHash, chunks: byNode.get(nodeId) ?? [] }),
        })),
        ...foreign.map(({ access }) => access),
      ],
    };
  }

  /** Of chunks that no own node that is here has a copy of, and of all where that is asked: where other members have them. */
  #foreign(
    order: ReadonlyMap<ChunkId, readonly NodeId[]>,
    holdings: ReadonlyMap<ChunkId, Holding | undefined>,
    { keyHash, everywhere, signal }: PageReader,
  ): Promise<readonly MemberSource[]> {
    const wanted = new Map<MemberId, ListedChunk[]>();
    for (const [chunkId, nodeIds] of order) {
      if (!everywhere && nodeIds.some(this.#isHere)) continue;
      const { lengthBytes = 0, members = [] } = holdings.get(chunkId) ?? {};
      for (const memberId of members) wanted.set(memberId, [...(wanted.get(memberId) ?? []), { chunkId, lengthBytes }]);
    }
    return wanted.size === 0 ? Promise.resolve([]) : this.#options.shared.sources.locate(wanted, keyHash, signal);
  }

  readonly #isHere = (nodeId: NodeId): boolean => this.#options.registry.presence(nodeId) === 'online';

  /**
   * Nodes that are here before those that are not (which may answer all the same: after a start they dial in one by one); among
   * equals another one first for each chunk, so that reading uses them all.
   */
  #inOrder(chunkId: ChunkId, holders: readonly NodeId[], nodes: ReadonlyMap<NodeId, NodeRow>): readonly NodeId[] {
    const known = holders.filter((nodeId) => (nodes.get(nodeId)?.endpoints.length ?? 0) > 0);
    const turn = known.length === 0 ? 0 : Number.parseInt(chunkId.slice(-4), 16) % known.length;
    const turned = [...known.slice(turn), ...known.slice(0, turn)];
    return [...turned.filter(this.#isHere), ...turned.filter((nodeId) => !this.#isHere(nodeId))];
  }
}

const whichOf = ({ fileId, version, atMs }: ReadTarget): Which => ({
  fileId: fileIdIn(fileId ?? ''),
  version: version === 0 ? undefined : version,
  atMs: atMs === 0 ? undefined : atMs,
});

import {
  accept,
  assert,
  type ChunkId,
  CollectiveError,
  isChunkId,
  isNodeId,
  LIMITS,
  type NodeId,
  toCollectiveError,
} from '../../base/index.js';
import { choose, countsAsHolder, keptVersion, type Names, standingAt, type Which } from '../../domain/index.js';
import type { Extent } from '../../events/index.js';
import type { Clock } from '../../ports/index.js';
import type { NamespaceReader, NodeRow, VersionRow, ViewHost } from '../../projections/index.js';
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
import { type ClientCaller, clientCaller, type FilesCall } from '../caller.js';
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

interface Holding {
  readonly lengthBytes: number;
  readonly holders: readonly NodeId[];
  readonly lost: readonly NodeId[];
}

/** The calls that bring files out: where their bytes are, with the tickets to get them. */
export class ReadCalls {
  readonly #options: ReadCallsOptions;

  constructor(options: ReadCallsOptions) {
    this.#options = options;
  }

  /** Pages are made as they are taken; tickets are fresh in each. */
  async *readFiles(request: ReadFilesRequest, call: FilesCall): AsyncGenerator<ReadFilesResponse> {
    const caller = clientCaller(call.caller);
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
        yield await this.#page(files, extents, caller);
        files = [];
        extents = [];
      }
    }
    if (files.length > 0 || extents.length > 0) yield await this.#page(files, extents, caller);
  }

  async reportDamage(request: ReportDamageRequest, call: FilesCall): Promise<ReportDamageResponse> {
    const copies = atMost('copies', request.copies, LIMITS.chunksPerCall).map(({ nodeId, chunkId }) => {
      if (!isNodeId(nodeId) || !isChunkId(chunkId))
        throw new CollectiveError('REQUEST_INVALID', 'A report names a chunk and a node.');
      return { nodeId, chunkId };
    });
    await this.#options.damage.suspect(await this.#onRecord(copies), call.signal);
    return {};
  }

  /** Of what is not on record there is nothing to check, and it would keep its place in the list for ever. */
  #onRecord<Copy extends { readonly nodeId: NodeId; readonly chunkId: ChunkId }>(
    copies: readonly Copy[],
  ): Promise<readonly Copy[]> {
    return this.#options.views.run(({ placement }) => {
      placement.need(copies.map(({ chunkId }) => chunkId));
      return copies.filter(({ nodeId, chunkId }) => placement.chunk(chunkId)?.holders.includes(nodeId) === true);
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

  async #page(files: readonly ReadFile[], extents: readonly TargetExtent[], caller: ClientCaller): Promise<ReadFilesResponse> {
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
    const byNode = new Map<NodeId, { readonly chunkId: ChunkId; readonly lengthBytes: number }[]>();
    for (const [chunkId, nodeIds] of order) {
      const lengthBytes = holdings.get(chunkId)?.lengthBytes ?? 0;
      for (const nodeId of nodeIds) byNode.set(nodeId, [...(byNode.get(nodeId) ?? []), { chunkId, lengthBytes }]);
    }
    const nodeIds = [...byNode.keys()];
    const indexOf = new Map(nodeIds.map((nodeId, index) => [nodeId, index]));
    return {
      files: [...files],
      extents: extents.map(({ target, extent }): PlacedExtent => {
        const holders = extent.chunkId === undefined ? [] : (order.get(extent.chunkId) ?? []);
        const lost = extent.chunkId === undefined ? [] : (holdings.get(extent.chunkId)?.lost ?? []);
        return {
          target,
          offsetBytes: extent.offsetBytes,
          lengthBytes: extent.lengthBytes,
          chunkId: extent.chunkId ?? '',
          nodes: holders.map((nodeId) => indexOf.get(nodeId) ?? 0),
          holderNames: holders.length > 0 ? [] : lost.map((nodeId) => nodes.get(nodeId)?.name ?? nodeId),
        };
      }),
      nodes: nodeIds.map((nodeId) => ({
        nodeId,
        name: nodes.get(nodeId)?.name ?? nodeId,
        endpoints: nodes.get(nodeId)?.endpoints ?? [],
        ...this.#options.tickets.read({ nodeId, clientKeyHash: caller.keyHash, chunks: byNode.get(nodeId) ?? [] }),
      })),
    };
  }

  /**
   * Nodes that are here before those that are not (which may answer all the same: after a start they dial in one by one); among
   * equals another one first for each chunk, so that reading uses them all.
   */
  #inOrder(chunkId: ChunkId, holders: readonly NodeId[], nodes: ReadonlyMap<NodeId, NodeRow>): readonly NodeId[] {
    const known = holders.filter((nodeId) => (nodes.get(nodeId)?.endpoints.length ?? 0) > 0);
    const turn = known.length === 0 ? 0 : Number.parseInt(chunkId.slice(-4), 16) % known.length;
    const turned = [...known.slice(turn), ...known.slice(0, turn)];
    const here = (nodeId: NodeId): boolean => this.#options.registry.presence(nodeId) === 'online';
    return [...turned.filter(here), ...turned.filter((nodeId) => !here(nodeId))];
  }
}

const whichOf = ({ fileId, version, atMs }: ReadTarget): Which => ({
  fileId: fileIdIn(fileId ?? ''),
  version: version === 0 ? undefined : version,
  atMs: atMs === 0 ? undefined : atMs,
});

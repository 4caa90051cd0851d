import {
  accept,
  type ChunkId,
  CollectiveError,
  LIMITS,
  type MemberId,
  type NodeId,
  ok,
  toBase32,
  toCollectiveError,
  type UploadId,
} from '../../base/index.js';
import { newCopies, planSpread, type ReceiptedChunk, type SharedChunk } from '../../domain/index.js';
import type { Logger, Random } from '../../ports/index.js';
import type { PlacementRow, ViewHost } from '../../projections/index.js';
import type { ReplaceCopiesResponse } from '../../transport/index.js';
import type { CommandLoop } from '../commands/command-loop.js';
import type { PlacementOffice } from '../files/placement-office.js';
import type { NodeRegistry } from '../nodes/node-registry.js';
import type { CopySources } from './copy-sources.js';
import type { CopyFetcher } from './copy-fetcher.js';
import { letGo } from './let-go.js';
import type { MemberCalls } from './member-calls.js';
import type { ListedChunk } from './member-sources.js';
import { hasOtherInReach, otherCopies } from './other-copies.js';
import type { SharedPlacement } from './shared-placement.js';

export interface LeavingOptions {
  readonly own: MemberId;
  readonly views: ViewHost;
  readonly commands: CommandLoop;
  readonly placement: PlacementOffice;
  readonly shared: SharedPlacement;
  readonly sources: CopySources;
  readonly fetcher: CopyFetcher;
  readonly calls: MemberCalls;
  readonly registry: NodeRegistry;
  /** Whether there is a session with that member. */
  readonly isHere: (memberId: MemberId) => boolean;
  readonly random: Random;
  readonly logger: Logger;
}

interface Leaver {
  readonly memberId: MemberId;
  readonly signal: AbortSignal;
}

/** A chunk with a copy at the leaving member, and who else keeps one. */
interface Affected extends ListedChunk {
  readonly row: PlacementRow;
  readonly others: number;
}

const UPLOAD_ID_BYTES = 16;

/**
 * Makes copies that lie with a member elsewhere, before it goes: on own nodes and with other members, which fetch them from whoever
 * has them. What was made is on record batch by batch, so a second try goes on where the first one ended.
 */
export class Leaving {
  readonly #options: LeavingOptions;
  readonly #leaving = new Map<MemberId, number>();

  constructor(options: LeavingOptions) {
    this.#options = options;
  }

  /**
   * Resolves when all that could be copied is, and the member was told to keep nothing any more. Fewer copies than wanted are no
   * obstacle; none within reach is, since those that are away now may be lost: NOT_ENOUGH_NODES.
   */
  async replace(leaver: Leaver): Promise<void> {
    const { memberId } = leaver;
    this.#leaving.set(memberId, (this.#leaving.get(memberId) ?? 0) + 1);
    try {
      do {
        const { chunksLeft } = await this.copy(leaver);
        if (chunksLeft > 0) throw nowhereElse(chunksLeft);
        // What was put meanwhile, or whose other copies went out of reach, is made elsewhere too.
      } while (!(await this.#release(leaver)));
      this.#options.logger.info('the copies of a leaving member are made elsewhere', { memberId });
    } finally {
      const others = (this.#leaving.get(memberId) ?? 1) - 1;
      if (others === 0) this.#leaving.delete(memberId);
      else this.#leaving.set(memberId, others);
    }
  }

  isLeaving(memberId: MemberId): boolean {
    return this.#leaving.has(memberId);
  }

  /** Only makes the copies, several batches at once; it still counts on those with the member afterwards. Error: CANCELLED. */
  async copy(
    leaver: Leaver,
    onProgress: (progress: ReplaceCopiesResponse) => void = () => undefined,
  ): Promise<ReplaceCopiesResponse> {
    const { views } = this.#options;
    const { memberId } = leaver;
    const { chunks, bytes } = await views.run(({ usage }) => usage.member(memberId));
    let progress = { chunks, bytes, chunksDone: 0, bytesDone: 0, chunksLeft: 0, chunksBelow: 0 };
    const done = (some: readonly Affected[]): void => {
      const doneBytes = some.reduce((sum, { lengthBytes }) => sum + lengthBytes, progress.bytesDone);
      progress = { ...progress, chunksDone: progress.chunksDone + some.length, bytesDone: doneBytes };
      onProgress(progress);
    };
    onProgress(progress);
    for await (const page of this.#pages(leaver)) {
      const missing = page.filter(({ row, others }) => others < Math.max(1, row.wantedCopies));
      const lacking = new Set(missing);
      done(page.filter((chunk) => !lacking.has(chunk)));
      const batches: (readonly Affected[])[] = [];
      for (let start = 0; start < missing.length; start += LIMITS.replacedAtOnce) {
        batches.push(missing.slice(start, start + LIMITS.replacedAtOnce));
      }
      const work = async (): Promise<void> => {
        for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
          await this.#replaceSome(batch, leaver);
          done(batch);
        }
      };
      await Promise.all(Array.from({ length: LIMITS.replacedBatches }, work));
      const { left, below } = await views.run((all) => {
        all.placement.need(page.map(({ chunkId }) => chunkId));
        const rows = page.map(({ chunkId }) => all.placement.chunk(chunkId));
        const lacks = (row: PlacementRow | undefined): boolean =>
          row !== undefined && otherCopies(row, memberId, all) < Math.max(1, row.wantedCopies);
        return {
          left: rows.filter((row) => !hasOtherInReach(row, memberId, all, this.#options)).length,
          below: rows.filter(lacks).length,
        };
      });
      progress = { ...progress, chunksLeft: progress.chunksLeft + left, chunksBelow: progress.chunksBelow + below };
    }
    onProgress(progress);
    return progress;
  }

  /**
   * What it is asked to keep no more counts here no more first: nobody relies on what may be gone. False: it keeps some still, of which
   * there is no other copy within reach in the moment when that is decided.
   */
  async #release(leaver: Leaver): Promise<boolean> {
    const { calls, logger } = this.#options;
    const { memberId, signal } = leaver;
    let all = true;
    for await (const page of this.#pages(leaver)) {
      const listed = page.map(({ chunkId }) => chunkId);
      const chunkIds = await letGo(memberId, listed, this.#options);
      all &&= chunkIds.length === page.length;
      if (chunkIds.length === 0) continue;
      try {
        await calls.call(memberId, LIMITS.memberAcceptMs, signal, (client, options) =>
          client.releaseCopies({ chunkIds }, options),
        );
      } catch (error) {
        if (signal.aborted) throw error;
        // It learns from nobody that it may forget them: that is its own loss of room, and not ours of data.
        logger.warn('a leaving member could not be told to keep nothing any more', { memberId, error });
      }
    }
    return all;
  }

  async *#pages({ memberId, signal }: Leaver): AsyncGenerator<readonly Affected[]> {
    const { views } = this.#options;
    let after: ChunkId | undefined;
    for (;;) {
      signal.throwIfAborted();
      const page = await views.run((all) => {
        const { rows, more } = all.placement.page(after, LIMITS.chunksPerCall);
        const affected = rows.flatMap(([chunkId, row]): Affected[] =>
          row.members.includes(memberId)
            ? [{ chunkId, lengthBytes: row.lengthBytes, row, others: otherCopies(row, memberId, all) }]
            : [],
        );
        return { affected, more, last: rows.at(-1)?.[0] };
      });
      if (page.affected.length > 0) yield page.affected;
      if (!page.more) return;
      after = page.last;
    }
  }

  /** A member that takes nothing is planned around, until there is nobody else to be asked. */
  async #replaceSome(chunks: readonly Affected[], leaver: Leaver): Promise<void> {
    const { views } = this.#options;
    const refusedBy = new Map<ChunkId, readonly MemberId[]>();
    for (let lacking = chunks; lacking.length > 0; ) {
      const asked = await this.#replaceOnce(lacking, refusedBy, leaver);
      const after = await views.run((all) => {
        all.placement.need(lacking.map(({ chunkId }) => chunkId));
        return lacking.flatMap((chunk): Affected[] => {
          const row = all.placement.chunk(chunk.chunkId);
          return row === undefined ? [] : [{ ...chunk, row, others: otherCopies(row, leaver.memberId, all) }];
        });
      });
      lacking = after.filter(({ chunkId, row, others }) => {
        const refusals = (asked.get(chunkId) ?? []).filter((id) => !row.members.includes(id));
        refusedBy.set(chunkId, [...(refusedBy.get(chunkId) ?? []), ...refusals]);
        return refusals.length > 0 && others < Math.max(1, row.wantedCopies);
      });
    }
  }

  /** Returns which members were asked to take which chunks. */
  async #replaceOnce(
    chunks: readonly Affected[],
    refusedBy: ReadonlyMap<ChunkId, readonly MemberId[]>,
    leaver: Leaver,
  ): Promise<ReadonlyMap<ChunkId, readonly MemberId[]>> {
    const { placement, shared } = this.#options;
    const { memberId, signal } = leaver;
    const { candidates, unusable } = await placement.usable(1, signal);
    const { members } = await shared.candidates();
    const present = members.filter((each) => each.memberId !== memberId);
    const toNode = new Map<NodeId, Affected[]>();
    const toMember = new Map<MemberId, Affected[]>();
    const asked = new Map<ChunkId, readonly MemberId[]>();
    for (const chunk of chunks) {
      const { row, others } = chunk;
      const wanted: SharedChunk = {
        ...chunk,
        holders: row.holders,
        members: row.members,
        refusedBy: refusedBy.get(chunk.chunkId) ?? [],
      };
      const copies = Math.max(1, row.wantedCopies);
      const usable = row.spread === 'members' ? present : [];
      const wish = {
        chunks: [wanted],
        copies,
        minimumCopies: 0,
        candidates,
        members: usable,
        unusable,
        avoid: new Set<NodeId>(),
      };
      const [plan] = accept(planSpread(wish));
      let need = copies - others;
      for (const id of plan?.memberIds ?? []) {
        if (need <= 0 || row.members.includes(id)) continue;
        toMember.set(id, [...(toMember.get(id) ?? []), chunk]);
        asked.set(chunk.chunkId, [...(asked.get(chunk.chunkId) ?? []), id]);
        need -= 1;
      }
      for (const id of plan?.nodeIds ?? []) {
        if (need <= 0 || row.holders.includes(id)) continue;
        toNode.set(id, [...(toNode.get(id) ?? []), chunk]);
        need -= 1;
      }
    }
    const uploadId = toBase32(this.#options.random.bytes(UPLOAD_ID_BYTES)) as UploadId;
    await Promise.all([
      ...[...toNode].map(([nodeId, list]) => this.#try(leaver, () => this.#toOwnNode({ nodeId, list, uploadId }, leaver))),
      ...[...toMember].map(([id, list]) => this.#try(leaver, () => this.#toMember({ id, list, uploadId }, leaver))),
    ]);
    return asked;
  }

  /** What one target cannot take now is made elsewhere, or shows as under-protected. */
  async #try({ signal }: Leaver, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (signal.aborted) throw error;
      this.#options.logger.warn('copies could not be made elsewhere', { error: toCollectiveError(error) });
    }
  }

  async #toOwnNode(
    job: {
      readonly nodeId: NodeId;
      readonly list: readonly Affected[];
      readonly uploadId: UploadId;
    },
    { signal }: Leaver,
  ): Promise<void> {
    const { own, fetcher } = this.#options;
    const { nodeId, list, uploadId } = job;
    const [keyHash] = await fetcher.keyHashesOf([nodeId]);
    if (keyHash === undefined || keyHash.length === 0) return;
    const sources = await this.#options.sources.of(list, keyHash, signal);
    const chunks = list.map(({ chunkId, lengthBytes }) => ({ chunkId, lengthBytes }));
    const fetched = await fetcher.fetch({ nodeId, origin: own, uploadId, chunks, sources }, signal);
    await this.#record(fetched.chunks.map(({ chunkId, lengthBytes }) => [chunkId, { lengthBytes, nodeIds: new Set([nodeId]) }]));
  }

  async #toMember(
    job: {
      readonly id: MemberId;
      readonly list: readonly Affected[];
      readonly uploadId: UploadId;
    },
    { signal }: Leaver,
  ): Promise<void> {
    const { calls } = this.#options;
    const { id, list, uploadId } = job;
    const chunks = list.map(({ chunkId, lengthBytes }) => ({ chunkId, lengthBytes }));
    const placed = await calls.call(id, LIMITS.memberCallMs, signal, (client, options) =>
      client.placeCopies({ uploadId, clientKeyHash: new Uint8Array(0), chunks, avoidNodeIds: [] }, options),
    );
    for (const [index, { nodeId }] of placed.nodes.entries()) {
      const here = list.filter((_, at) => placed.placements[at]?.node === index);
      const keyHash = placed.nodeKeyHashes[index] ?? new Uint8Array(0);
      if (here.length === 0 || keyHash.length === 0) continue;
      const sources = [...(await this.#options.sources.of(here, keyHash, signal))];
      const asked = { uploadId, nodeId, sources, chunks: here.map(({ chunkId, lengthBytes }) => ({ chunkId, lengthBytes })) };
      const { chunkIds } = await calls.call(id, LIMITS.memberFetchMs, signal, (client, options) =>
        client.fetchCopies(asked, options),
      );
      const got = new Set(chunkIds);
      const taken = here.filter(({ chunkId }) => got.has(chunkId));
      await this.#record(
        taken.map(({ chunkId, lengthBytes }) => [chunkId, { lengthBytes, nodeIds: new Set(), memberIds: new Set([id]) }]),
      );
    }
  }

  async #record(made: readonly (readonly [ChunkId, ReceiptedChunk])[]): Promise<void> {
    if (made.length === 0) return;
    const receipted = new Map(made);
    await this.#options.commands.submit({
      actor: 'coordinator',
      request: undefined,
      decide: (views) => {
        const copies = newCopies(receipted, views);
        return copies.ok ? ok(copies.value) : copies;
      },
      answer: () => undefined,
    });
  }
}

const nowhereElse = (chunks: number): CollectiveError =>
  new CollectiveError(
    'NOT_ENOUGH_NODES',
    `${counted(chunks)} no copy within reach but that member's, and none could be made elsewhere now.`,
    {
      next:
        'Bring back the nodes and members that are away (collective status), or make room (collective node list, ' +
        "collective pledge list), and try again; or do without that member's copies: --now",
    },
  );

const counted = (chunks: number): string => (chunks === 1 ? '1 chunk has' : `${chunks} chunks have`);

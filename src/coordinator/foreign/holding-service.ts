import {
  accept,
  assert,
  type ChunkId,
  CollectiveError,
  isChunkId,
  isNodeId,
  isUploadId,
  LIMITS,
  type MemberId,
  type NodeId,
  type UploadId,
} from '../../base/index.js';
import { Allowances, checkKeptFor, decideAcceptForeign, decideReleaseForeign } from '../../domain/index.js';
import type { PeerIdentity } from '../../identity/index.js';
import type { Clock } from '../../ports/index.js';
import type { PlacementRow, ViewHost } from '../../projections/index.js';
import type {
  AcceptCopiesRequest,
  AcceptCopiesResponse,
  AuthenticatedCall,
  FetchCopiesRequest,
  FetchCopiesResponse,
  HoldingServiceDefinition,
  LocateCopiesRequest,
  LocateCopiesResponse,
  LocateForReaderRequest,
  LocateForReaderResponse,
  NodeAccess,
  OfferSourcesRequest,
  OfferSourcesResponse,
  PlaceCopiesRequest,
  PlaceCopiesResponse,
  ReleaseCopiesRequest,
  ReleaseCopiesResponse,
  ReportCopiesRequest,
  ReportCopiesResponse,
  ServiceImplementation,
} from '../../transport/index.js';
import type { CommandLoop } from '../commands/command-loop.js';
import type { PlacementOffice } from '../files/placement-office.js';
import type { ReceiptCheck } from '../files/receipt-check.js';
import { atMost, chunkRefOf } from '../files/requests.js';
import type { TicketOffice } from '../files/tickets.js';
import type { DamageDesk } from '../nodes/damage-desk.js';
import type { NodeRegistry } from '../nodes/node-registry.js';
import type { PeerTrust } from '../members/peer-trust.js';
import type { CopySources, KeptChunk } from './copy-sources.js';
import type { CopyFetcher } from './copy-fetcher.js';
import { accessOf, heldCopies } from './held-copies.js';
import { placeForMember } from './holding-placement.js';
import type { ReaderDesk } from './reader-desk.js';
import type { Reservations } from './reservations.js';
import { toldSources } from './told-sources.js';

export interface HoldingServiceOptions {
  readonly views: ViewHost;
  readonly commands: CommandLoop;
  readonly placement: PlacementOffice;
  readonly registry: NodeRegistry;
  readonly receipts: ReceiptCheck;
  readonly damage: DamageDesk;
  readonly reservations: Reservations;
  readonly fetcher: CopyFetcher;
  readonly own: MemberId;
  readonly trust: PeerTrust;
  /** Of the own tree's chunks. */
  readonly sources: CopySources;
  /** For who reads what is kept here for a third member. */
  readonly readers: ReaderDesk;
  readonly clock: Clock;
  /** Tickets for the chunks of this member. */
  readonly ticketsFor: (origin: MemberId, sentOnly: boolean) => TicketOffice;
}

const KEY_HASH_BYTES = 32;

/** Copies that this member keeps for others: each caller sees and changes those of its own member alone. */
export class HoldingService implements ServiceImplementation<typeof HoldingServiceDefinition> {
  readonly #options: HoldingServiceOptions;
  /** Each copy that is told of is read again by a node. */
  readonly #reports = new Allowances({ most: LIMITS.damageReports, periodMs: LIMITS.damageReportsMs });

  constructor(options: HoldingServiceOptions) {
    this.#options = options;
  }

  async placeCopies(request: PlaceCopiesRequest, call: AuthenticatedCall): Promise<PlaceCopiesResponse> {
    const origin = memberCaller(call.caller);
    const uploadId = uploadIdIn(request.uploadId);
    const keyHash = request.clientKeyHash.length === 0 ? undefined : keyHashIn(request.clientKeyHash);
    const chunks = atMost('chunks', request.chunks, LIMITS.chunksPerCall).map(chunkRefOf);
    const avoid = new Set(request.avoidNodeIds.filter(isNodeId));
    const placed = await placeForMember(this.#options, { origin, uploadId, chunks, avoid, signal: call.signal });
    const tickets = this.#options.ticketsFor(origin, request.sentOnly === true);
    const nodes = placed.nodeIds.map((nodeId): NodeAccess => {
      const access = accessOf(nodeId, placed.rows);
      if (keyHash === undefined) return { ...access, ...NO_TICKET };
      const byteBudget = placed.budgets.get(nodeId) ?? 0;
      return { ...access, ...tickets.put({ nodeId, clientKeyHash: keyHash, uploadId, byteBudget }) };
    });
    const { placements, pledgedBytes, usedBytes, reservedBytes } = placed;
    const nodeKeyHashes = await this.#options.fetcher.keyHashesOf(placed.nodeIds);
    return { placements, nodes, nodeKeyHashes, pledgedBytes, usedBytes, reservedBytes };
  }

  async acceptCopies(request: AcceptCopiesRequest, call: AuthenticatedCall): Promise<AcceptCopiesResponse> {
    const origin = memberCaller(call.caller);
    const uploadId = uploadIdIn(request.uploadId);
    const keyHash = keyHashIn(request.clientKeyHash);
    const { receipts, commands, reservations } = this.#options;
    const receipted = await receipts.open(request.receipts, uploadId, { keyHash, origin });
    await commands.submit({
      actor: `member/${origin}/coordinator`,
      request: undefined,
      decide: (views) => decideAcceptForeign({ origin, uploadId, receipted }, views),
      answer: () => undefined,
    });
    reservations.settle(origin, uploadId, receipted.keys());
    return {};
  }

  locateCopies(request: LocateCopiesRequest, call: AuthenticatedCall): Promise<LocateCopiesResponse> {
    const origin = memberCaller(call.caller);
    const clientKeyHash = keyHashIn(request.clientKeyHash);
    const chunks = atMost('chunks', request.chunks, LIMITS.chunksPerCall).map(chunkRefOf);
    return heldCopies(this.#options, { origin, clientKeyHash, chunks });
  }

  locateForReader(request: LocateForReaderRequest, call: AuthenticatedCall): Promise<LocateForReaderResponse> {
    const clientKeyHash = keyHashIn(request.clientKeyHash);
    return this.#options.readers.locate(memberCaller(call.caller), request, clientKeyHash, call.signal);
  }

  async reportCopies(request: ReportCopiesRequest, call: AuthenticatedCall): Promise<ReportCopiesResponse> {
    const origin = memberCaller(call.caller);
    const copies = atMost('copies', request.copies, LIMITS.chunksPerCall).map(({ chunkId, nodeId }) => {
      if (!isNodeId(nodeId)) throw new CollectiveError('REQUEST_INVALID', 'A report names a chunk and a node.');
      return { chunkId: chunkIdIn(chunkId), nodeId };
    });
    const { views, damage, clock } = this.#options;
    if (!this.#reports.take(origin, copies.length, clock.monotonicMs())) {
      throw new CollectiveError('LIMIT_EXCEEDED', `A member tells of at most ${LIMITS.damageReports} bad copies in an hour.`, {
        next: 'What is told is looked at; tell of the rest later.',
      });
    }
    const chunkIds = copies.map(({ chunkId }) => chunkId);
    const holders = (): Promise<ReadonlyMap<ChunkId, readonly NodeId[]>> =>
      views.run(({ foreignCopies }) => {
        foreignCopies.need(origin, chunkIds);
        return new Map(chunkIds.map((id) => [id, foreignCopies.get(origin, id)?.holders ?? []]));
      });
    const known = await holders();
    await damage.suspect(
      copies.filter(({ chunkId, nodeId }) => known.get(chunkId)?.includes(nodeId) === true),
      call.signal,
    );
    const now = await holders();
    return { lostChunkIds: [...new Set(chunkIds)].filter((id) => now.get(id)?.length === 0) };
  }

  async releaseCopies(request: ReleaseCopiesRequest, call: AuthenticatedCall): Promise<ReleaseCopiesResponse> {
    const origin = memberCaller(call.caller);
    const chunkIds = atMost('chunks', request.chunkIds, LIMITS.chunksPerCall).map(chunkIdIn);
    const released = await this.#options.commands.submit({
      actor: `member/${origin}/coordinator`,
      request: undefined,
      decide: (views) => decideReleaseForeign({ origin, chunkIds }, views),
      answer: (events) =>
        events.reduce((sum, { event }) => sum + (event?.type === 'ForeignCopiesReleased' ? event.chunkIds.length : 0), 0),
    });
    return { released };
  }

  async fetchCopies(request: FetchCopiesRequest, call: AuthenticatedCall): Promise<FetchCopiesResponse> {
    const origin = memberCaller(call.caller);
    const uploadId = uploadIdIn(request.uploadId);
    const chunks = atMost('chunks', request.chunks, LIMITS.chunksPerFetch).map(chunkRefOf);
    const { nodeId } = request;
    const { commands, reservations, fetcher } = this.#options;
    if (!isNodeId(nodeId)) throw new CollectiveError('REQUEST_INVALID', 'A fetch names the node that PlaceCopies chose.');
    for (const { chunkId } of chunks) {
      if (reservations.nodeOf(origin, uploadId, chunkId) === nodeId) continue;
      throw new CollectiveError('REQUEST_INVALID', `Chunk ${chunkId} was not placed at that node for this upload.`, {
        next: 'Have it placed again.',
      });
    }
    const sources = toldSources(origin, atMost('sources', request.sources, LIMITS.fetchSources), this.#options);
    const fetched = await fetcher.fetch({ nodeId, origin, uploadId, chunks, sources }, call.signal);
    const receipted = new Map(
      fetched.chunks.map(({ chunkId, lengthBytes }) => [chunkId, { lengthBytes, nodeIds: new Set([nodeId]) }] as const),
    );
    await commands.submit({
      actor: `member/${origin}/coordinator`,
      request: undefined,
      decide: (views) => decideAcceptForeign({ origin, uploadId, receipted }, views),
      answer: () => undefined,
    });
    reservations.settle(origin, uploadId, receipted.keys());
    return { chunkIds: [...receipted.keys()], failure: fetched.failure };
  }

  async offerSources(request: OfferSourcesRequest, call: AuthenticatedCall): Promise<OfferSourcesResponse> {
    const keeper = memberCaller(call.caller);
    const nodeKeyHash = keyHashIn(request.nodeKeyHash);
    const chunks = atMost('chunks', request.chunks, LIMITS.chunksPerFetch).map(chunkRefOf);
    const { views, sources } = this.#options;
    const rows = await views.run((all) => {
      accept(checkKeptFor(keeper, all.peers));
      all.placement.need(chunks.map(({ chunkId }) => chunkId));
      return chunks.map((chunk) => ({ ...chunk, row: all.placement.chunk(chunk.chunkId) }));
    });
    const wanted = rows.flatMap(({ chunkId, lengthBytes, row }): KeptChunk[] => {
      if (row?.lengthBytes !== lengthBytes || !keepsOrLost(row, keeper)) return [];
      return [{ chunkId, lengthBytes, row: { holders: row.holders, members: row.members.filter((id) => id !== keeper) } }];
    });
    const found = new Set(wanted.map(({ chunkId }) => chunkId));
    return {
      sources: [...(await sources.of(wanted, nodeKeyHash, call.signal))],
      unwantedChunkIds: chunks.map(({ chunkId }) => chunkId).filter((id) => !found.has(id)),
    };
  }
}

/** It has had the bytes, by the own record. */
const keepsOrLost = ({ members, lostMembers }: PlacementRow, keeper: MemberId): boolean =>
  members.includes(keeper) || lostMembers.includes(keeper);

/** The transport lets only coordinators of admitted members in where this is called. */
export function memberCaller(caller: PeerIdentity): MemberId {
  assert(caller.role === 'coordinator', 'only coordinators call this service');
  return caller.memberId;
}

const NO_TICKET = { ticket: new Uint8Array(0), ticketExpiresMs: 0, memberId: '', trust: undefined } as const;

function uploadIdIn(text: string): UploadId {
  if (!isUploadId(text)) throw new CollectiveError('REQUEST_INVALID', 'That is not the id of an upload.');
  return text;
}

function chunkIdIn(text: string): ChunkId {
  if (!isChunkId(text)) throw new CollectiveError('REQUEST_INVALID', 'That is not the id of a chunk.');
  return text;
}

function keyHashIn(bytes: Uint8Array): Uint8Array {
  if (bytes.length === KEY_HASH_BYTES) return bytes;
  throw new CollectiveError('REQUEST_INVALID', `The hash of a key has ${KEY_HASH_BYTES} bytes, not ${bytes.length}.`);
}

import { accept, type ChunkId, type MemberId, type NodeId, type UploadId } from '../../base/index.js';
import { type Candidate, checkKeptFor, NodeChoice, pledgeLeft } from '../../domain/index.js';
import type { Clock } from '../../ports/index.js';
import type { NodeRow, ViewHost } from '../../projections/index.js';
import type { CopyPlacement } from '../../transport/index.js';
import type { PlacementOffice } from '../files/placement-office.js';
import type { Reservations } from './reservations.js';

export interface HoldingPlacementOptions {
  readonly views: ViewHost;
  readonly placement: PlacementOffice;
  readonly reservations: Reservations;
  readonly clock: Clock;
}

export interface HeldPlacement {
  readonly placements: readonly CopyPlacement[];
  /** In the order of the indexes in `placements`. */
  readonly nodeIds: readonly NodeId[];
  readonly rows: ReadonlyMap<NodeId, NodeRow>;
  /** What each node was chosen for. */
  readonly budgets: ReadonlyMap<NodeId, number>;
  readonly pledgedBytes: number;
  readonly usedBytes: number;
  readonly reservedBytes: number;
}

interface AskedChunk {
  readonly chunkId: ChunkId;
  readonly lengthBytes: number;
}

/** Chooses an own node for each chunk of another member, as far as the pledge and the nodes have room, and sets that aside. */
export async function placeForMember(
  options: HoldingPlacementOptions,
  request: {
    readonly origin: MemberId;
    readonly uploadId: UploadId;
    readonly chunks: readonly AskedChunk[];
    readonly avoid: ReadonlySet<NodeId>;
    readonly signal: AbortSignal;
  },
): Promise<HeldPlacement> {
  const { views, placement, reservations, clock } = options;
  const { origin, uploadId, chunks, avoid, signal } = request;
  const { candidates, nodes: rows } = await placement.usable(1, signal);
  const known = await views.run((all) => {
    accept(checkKeptFor(origin, all.peers));
    all.foreignCopies.need(
      origin,
      chunks.map(({ chunkId }) => chunkId),
    );
    return {
      holders: chunks.map(({ chunkId }) => all.foreignCopies.get(origin, chunkId)?.holders ?? []),
      pledgedBytes: all.pledges.get(origin)?.bytes ?? 0,
      usedBytes: all.foreignCopies.totals(origin).bytes,
      leftBytes: pledgeLeft(origin, all),
    };
  });
  // From here to the last reservation nothing else runs: two uploads at once never share a byte of the pledge.
  const nowMs = clock.nowMs();
  let leftBytes = known.leftBytes - reservations.bytes(origin, nowMs);
  const choice = new NodeChoice(candidates, avoid);
  const nodeIds: NodeId[] = [];
  const budgets = new Map<NodeId, number>();
  const placements = chunks.map((chunk, index): CopyPlacement => {
    const held = known.holders[index] ?? [];
    const before = reservations.nodeOf(origin, uploadId, chunk.chunkId);
    const pledged = held.length > 0 ? 0 : chunk.lengthBytes - reservations.bytesOf(origin, uploadId, chunk.chunkId);
    if (pledged > leftBytes) return { held: false, refusalCode: 'NOT_ENOUGH_SPACE' };
    const chosen: Candidate[] = [];
    choice.add({ ...chunk, holders: before === undefined ? held : [...held, before] }, chosen, { wanted: 1, needed: 0 });
    const nodeId = chosen[0]?.nodeId;
    if (nodeId === undefined) return { held: false, refusalCode: 'NOT_ENOUGH_NODES' };
    const allowed = reservations.allow(origin, chunk.lengthBytes, known.pledgedBytes, nowMs);
    if (!allowed && held.length === 0) return { held: false, refusalCode: 'NOT_ENOUGH_SPACE' };
    leftBytes -= pledged;
    const bytes = held.length > 0 ? 0 : chunk.lengthBytes;
    reservations.reserve(origin, uploadId, { chunkId: chunk.chunkId, bytes, nodeId }, nowMs);
    // What is on record needs no room: where none may be given, it is receipted without being sent.
    budgets.set(nodeId, (budgets.get(nodeId) ?? 0) + (allowed ? chunk.lengthBytes : 0));
    const at = nodeIds.indexOf(nodeId);
    const node = at >= 0 ? at : nodeIds.push(nodeId) - 1;
    return { node, held: held.includes(nodeId), refusalCode: '' };
  });
  return {
    placements,
    nodeIds,
    rows,
    budgets,
    pledgedBytes: known.pledgedBytes,
    usedBytes: known.usedBytes,
    reservedBytes: reservations.bytes(origin, nowMs),
  };
}

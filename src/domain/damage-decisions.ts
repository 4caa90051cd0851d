import { type ChunkId, LIMITS, type MemberId, type NodeId, ok } from '../base/index.js';
import type { CollectiveEvent, CopiesLost, CopiesRecorded } from '../events/index.js';
import type { PlacementReader } from '../projections/index.js';
import type { Decision } from './decision.js';

/** A node has confirmed that these copies are gone. Those not on record (any more) are no news. */
export function decideCopiesLost(
  found: { readonly nodeId: NodeId; readonly reason: CopiesLost['reason']; readonly chunkIds: readonly ChunkId[] },
  placement: PlacementReader,
): Decision {
  placement.need(found.chunkIds);
  const lost = [...new Set(found.chunkIds)].filter((id) => placement.chunk(id)?.holders.includes(found.nodeId) === true);
  const events: CollectiveEvent[] = [];
  for (let start = 0; start < lost.length; start += LIMITS.chunksPerCall) {
    const chunkIds = lost.slice(start, start + LIMITS.chunksPerCall);
    events.push({ type: 'CopiesLost', holder: { nodeId: found.nodeId }, reason: found.reason, chunkIds });
  }
  return ok(events);
}

/** Another member keeps these copies no more. Those not on record (any more) are no news. */
export function decideMemberCopiesLost(
  found: { readonly memberId: MemberId; readonly reason: CopiesLost['reason']; readonly chunkIds: readonly ChunkId[] },
  placement: PlacementReader,
): Decision {
  const { memberId, reason } = found;
  placement.need(found.chunkIds);
  const lost = [...new Set(found.chunkIds)].filter((id) => placement.chunk(id)?.members.includes(memberId) === true);
  const events: CollectiveEvent[] = [];
  for (let start = 0; start < lost.length; start += LIMITS.chunksPerCall) {
    const chunkIds = lost.slice(start, start + LIMITS.chunksPerCall);
    events.push({ type: 'CopiesLost', holder: { memberId }, reason, chunkIds });
  }
  return ok(events);
}

/** A node has found copies whole that it had lost: those whose loss is on record are on record again. */
export function decideCopiesWhole(
  found: { readonly nodeId: NodeId; readonly chunkIds: readonly ChunkId[] },
  placement: PlacementReader,
): Decision {
  placement.need(found.chunkIds);
  const chunks: CopiesRecorded['chunks'][number][] = [];
  for (const chunkId of new Set(found.chunkIds)) {
    const row = placement.chunk(chunkId);
    if (row?.lost.includes(found.nodeId) === true) chunks.push({ chunkId, lengthBytes: row.lengthBytes, holders: [0] });
  }
  const events: CollectiveEvent[] = [];
  for (let start = 0; start < chunks.length; start += LIMITS.chunksPerCall) {
    events.push({
      type: 'CopiesRecorded',
      nodeIds: [found.nodeId],
      memberIds: [],
      chunks: chunks.slice(start, start + LIMITS.chunksPerCall),
    });
  }
  return ok(events);
}

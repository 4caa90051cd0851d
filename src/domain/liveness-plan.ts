import { LIMITS, type NodeId } from '../base/index.js';

/** One registered node, as the liveness loop sees it. */
export interface Silence {
  readonly nodeId: NodeId;
  /** Recorded as unreachable already. */
  readonly unreachable: boolean;
  /** How long it has said nothing; since the coordinator's start where it was never heard. */
  readonly silentForMs: number;
}

/** The nodes whose silence has lasted long enough to go on record. */
export function newlyUnreachable(
  nodes: readonly Silence[],
  unreachableAfterMs: number = LIMITS.nodeUnreachableMs,
): readonly NodeId[] {
  return nodes.filter((node) => !node.unreachable && node.silentForMs >= unreachableAfterMs).map(({ nodeId }) => nodeId);
}

import type { NodeId } from '../../base/index.js';

export interface NodeRegistered {
  readonly type: 'NodeRegistered';
  readonly nodeId: NodeId;
  readonly name: string;
}

/** What a node said of itself in a session and was not on record yet. */
export interface NodeEndpointsChanged {
  readonly type: 'NodeEndpointsChanged';
  readonly nodeId: NodeId;
  readonly endpoints: readonly string[];
  readonly failureDomain: string;
}

export interface NodeCapacityChanged {
  readonly type: 'NodeCapacityChanged';
  readonly nodeId: NodeId;
  readonly capacityBytes: number;
  /** The highest mark that its use has crossed. */
  readonly fullnessPercent: 0 | 80 | 90 | 95;
}

export interface NodeBecameUnreachable {
  readonly type: 'NodeBecameUnreachable';
  readonly nodeId: NodeId;
  readonly lastSeenMs: number;
}

export interface NodeRecovered {
  readonly type: 'NodeRecovered';
  readonly nodeId: NodeId;
}

/** The node is gone for good: it is never chosen again, and its copies do not count any more. */
export interface NodeDecommissioned {
  readonly type: 'NodeDecommissioned';
  readonly nodeId: NodeId;
}

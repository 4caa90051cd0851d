import { CollectiveError, fail, isNodeId, LIMITS, type NodeId, ok } from '../base/index.js';
import type { CollectiveEvent, NodeCapacityChanged } from '../events/index.js';
import type { NodesReader } from '../projections/index.js';
import type { Decision } from './decision.js';

/** What a node says of itself at the beginning of a session. */
export interface NodeHello {
  readonly nodeId: NodeId;
  /** `host:port` each. */
  readonly endpoints: readonly string[];
  readonly failureDomain: string;
  readonly capacityBytes: number;
  readonly usedBytes: number;
}

type Fullness = NodeCapacityChanged['fullnessPercent'];
const MARKS: readonly Fullness[] = [95, 90, 80, 0];
/** A mark is left only when the use has fallen this far below it, so that a node at a mark does not fill the log. */
const HYSTERESIS_PERCENT = 2;

/** A session begins: only what differs from the record becomes an event. */
export function decideNodeHello(hello: NodeHello, nodes: NodesReader): Decision {
  const row = nodes.get(hello.nodeId);
  if (row === undefined) return unknownNode(hello.nodeId);
  if (hello.endpoints.length === 0 || hello.endpoints.length > LIMITS.endpointsPerDaemon) {
    return fail(new CollectiveError('REQUEST_INVALID', `A node names 1 to ${LIMITS.endpointsPerDaemon} endpoints.`));
  }
  const events: CollectiveEvent[] = [];
  const { nodeId, endpoints, failureDomain, capacityBytes } = hello;
  if (failureDomain !== row.failureDomain || endpoints.join(' ') !== row.endpoints.join(' ')) {
    events.push({ type: 'NodeEndpointsChanged', nodeId, endpoints, failureDomain });
  }
  const fullnessPercent = fullnessOf(hello.usedBytes, capacityBytes, row.fullnessPercent);
  if (capacityBytes !== row.capacityBytes || fullnessPercent !== row.fullnessPercent) {
    events.push({ type: 'NodeCapacityChanged', nodeId, capacityBytes, fullnessPercent });
  }
  if (row.unreachable) events.push({ type: 'NodeRecovered', nodeId });
  return ok(events);
}

/** A heartbeat: an event only when the use has crossed a mark. */
export function decideNodeUse(use: { readonly nodeId: NodeId; readonly usedBytes: number }, nodes: NodesReader): Decision {
  const row = nodes.get(use.nodeId);
  if (row === undefined) return unknownNode(use.nodeId);
  const { capacityBytes } = row;
  const fullnessPercent = fullnessOf(use.usedBytes, capacityBytes, row.fullnessPercent);
  if (fullnessPercent === row.fullnessPercent) return ok([]);
  return ok([{ type: 'NodeCapacityChanged', nodeId: use.nodeId, capacityBytes, fullnessPercent }]);
}

/** Silence for longer than allowed becomes an event, once. */
export function decideNodeUnreachable(
  silent: { readonly nodeId: NodeId; readonly lastSeenMs: number },
  nodes: NodesReader,
): Decision {
  const row = nodes.get(silent.nodeId);
  if (row === undefined) return unknownNode(silent.nodeId);
  if (row.unreachable) return ok([]);
  return ok([{ type: 'NodeBecameUnreachable', nodeId: silent.nodeId, lastSeenMs: silent.lastSeenMs }]);
}

/** Whether a node of this name exists already: names are how people tell nodes apart. */
export function nodeNamed(name: string, nodes: NodesReader): NodeId | undefined {
  return nodes.all().find(([id, row]) => row.name === name || (isNodeId(name) && id === name))?.[0];
}

function fullnessOf(usedBytes: number, capacityBytes: number, before: Fullness): Fullness {
  if (capacityBytes <= 0) return 0;
  const percent = (100 * usedBytes) / capacityBytes;
  const reached = MARKS.find((mark) => percent >= mark) ?? 0;
  if (reached >= before) return reached;
  return percent < before - HYSTERESIS_PERCENT ? reached : before;
}

const unknownNode = (nodeId: NodeId): Decision => fail(new CollectiveError('NOT_FOUND', `There is no node ${nodeId} on record.`));

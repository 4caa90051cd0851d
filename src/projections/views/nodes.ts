import { LIMITS, type NodeId } from '../../base/index.js';
import type { NodeCapacityChanged } from '../../events/index.js';
import { flag, list, oneOf, record, text, unsigned } from '../rows/fields.js';
import { shortTextPart, single } from '../rows/keys.js';
import type { Bind, TableDefinition, ViewInfo } from '../rows/table.js';
import { countTable } from './count.js';
import { refuse, type View } from './view.js';

export type FullnessPercent = NodeCapacityChanged['fullnessPercent'];

/** What is on record of a node. Whether it is online now is telemetry, and not here. */
export interface NodeRow {
  readonly name: string;
  readonly registeredMs: number;
  /** Empty until its first session. */
  readonly endpoints: readonly string[];
  readonly failureDomain: string;
  readonly capacityBytes: number;
  readonly fullnessPercent: FullnessPercent;
  /** Recorded as lost, and not recovered since. */
  readonly unreachable: boolean;
  /** When it was last seen before it was recorded as unreachable; 0 if it never was. */
  readonly lastSeenMs: number;
  /** Gone for good. */
  readonly decommissioned: boolean;
}

export interface NodesReader {
  /** Also of one that is gone for good. */
  get(id: NodeId): NodeRow | undefined;
  /** Those that are not gone for good: at most LIMITS.nodes, in the order of ids. */
  all(): readonly (readonly [NodeId, NodeRow])[];
  /** How many were ever registered: at most LIMITS.nodesEver. */
  everCount(): number;
}

const INFO: ViewInfo = { name: 'nodes', id: 4, version: 3, derived: true };

const NODES: TableDefinition<NodeId, NodeRow> = {
  view: INFO,
  name: 'nodes',
  id: 1,
  key: single(shortTextPart<NodeId>()),
  resident: true,
  row: record<NodeRow>({
    name: text(),
    registeredMs: unsigned,
    endpoints: list(text()),
    failureDomain: text(),
    capacityBytes: unsigned,
    fullnessPercent: oneOf<FullnessPercent>(0, 80, 90, 95),
    unreachable: flag,
    lastSeenMs: unsigned,
    decommissioned: flag,
  }),
};

export function nodesView(bind: Bind): View<NodesReader> {
  const nodes = bind(NODES);
  const count = countTable(bind, INFO, 2);
  const change = (id: NodeId, changes: Partial<NodeRow>): void => {
    const row = nodes.get(id) ?? refuse('the node is not registered');
    nodes.put(id, { ...row, ...changes });
  };
  return {
    info: INFO,
    read: {
      get: (id) => nodes.get(id),
      everCount: () => count.get(),
      all: () => nodes.page({ prefix: '', limit: Number.MAX_SAFE_INTEGER }).rows.filter(([, row]) => !row.decommissioned),
    },
    apply(event, facts) {
      switch (event.type) {
        case 'NodeRegistered':
          if (nodes.get(event.nodeId) !== undefined) refuse('the node was registered before');
          if (count.get() >= LIMITS.nodesEver) refuse('more nodes than there may ever be');
          count.change(1);
          nodes.put(event.nodeId, {
            name: event.name,
            registeredMs: facts.timeMs,
            endpoints: [],
            failureDomain: '',
            capacityBytes: 0,
            fullnessPercent: 0,
            unreachable: false,
            lastSeenMs: 0,
            decommissioned: false,
          });
          return;
        case 'NodeEndpointsChanged':
          change(event.nodeId, { endpoints: event.endpoints, failureDomain: event.failureDomain });
          return;
        case 'NodeCapacityChanged':
          change(event.nodeId, { capacityBytes: event.capacityBytes, fullnessPercent: event.fullnessPercent });
          return;
        case 'NodeBecameUnreachable':
          change(event.nodeId, { unreachable: true, lastSeenMs: event.lastSeenMs });
          return;
        case 'NodeRecovered':
          change(event.nodeId, { unreachable: false });
          return;
        case 'NodeDecommissioned':
          change(event.nodeId, { decommissioned: true });
          return;
        default:
      }
    },
  };
}

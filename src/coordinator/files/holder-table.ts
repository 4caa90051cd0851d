import type { NodeId } from '../../base/index.js';
import type { NodeRow } from '../../projections/index.js';
import type { HolderInfo } from '../../transport/index.js';
import type { NodeRegistry } from '../nodes/node-registry.js';

/** The nodes that a message is about, each named once. */
export class HolderTable {
  readonly #registry: NodeRegistry;
  readonly #nodes: ReadonlyMap<NodeId, NodeRow>;
  #indexes = new Map<NodeId, number>();

  constructor(registry: NodeRegistry, nodes: ReadonlyMap<NodeId, NodeRow>) {
    this.#registry = registry;
    this.#nodes = nodes;
  }

  indexOf(id: NodeId): number {
    const known = this.#indexes.get(id);
    if (known !== undefined) return known;
    this.#indexes.set(id, this.#indexes.size);
    return this.#indexes.size - 1;
  }

  /** Those that were named since the last time. */
  take(): HolderInfo[] {
    const ids = [...this.#indexes.keys()];
    this.#indexes = new Map();
    return ids.map((nodeId) => ({ nodeId, name: this.#nodes.get(nodeId)?.name ?? nodeId, state: this.#stateOf(nodeId) }));
  }

  #stateOf(id: NodeId): string {
    const row = this.#nodes.get(id);
    if (row === undefined) return 'removed';
    const presence = this.#registry.presence(id);
    if (presence !== 'offline') return presence;
    return row.endpoints.length === 0 ? 'never-seen' : 'unreachable';
  }
}

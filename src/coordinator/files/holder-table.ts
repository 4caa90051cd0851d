import { isMemberId, type MemberId, type NodeId } from '../../base/index.js';
import type { HolderId, MemberReach } from '../../domain/index.js';
import type { NodeRow, PeerRow } from '../../projections/index.js';
import type { HolderInfo } from '../../transport/index.js';
import type { NodeRegistry } from '../nodes/node-registry.js';

/** The nodes and members that a message is about, each named once. */
export class HolderTable {
  readonly #registry: Pick<NodeRegistry, 'presence'>;
  readonly #nodes: ReadonlyMap<HolderId, NodeRow>;
  readonly #members: ReadonlyMap<HolderId, PeerRow>;
  readonly #reachOf: (memberId: MemberId) => MemberReach;
  #indexes = new Map<HolderId, number>();

  constructor(options: {
    readonly registry: Pick<NodeRegistry, 'presence'>;
    readonly nodes: ReadonlyMap<HolderId, NodeRow>;
    readonly members: ReadonlyMap<HolderId, PeerRow>;
    readonly reachOf: (memberId: MemberId) => MemberReach;
  }) {
    this.#registry = options.registry;
    this.#nodes = options.nodes;
    this.#members = options.members;
    this.#reachOf = options.reachOf;
  }

  indexOf(id: HolderId): number {
    const known = this.#indexes.get(id);
    if (known !== undefined) return known;
    this.#indexes.set(id, this.#indexes.size);
    return this.#indexes.size - 1;
  }

  /** Those that were named since the last time. */
  take(): HolderInfo[] {
    const ids = [...this.#indexes.keys()];
    this.#indexes = new Map();
    return ids.map((id) =>
      isMemberId(id)
        ? { nodeId: '', memberId: id, name: this.#members.get(id)?.name ?? id, state: this.#stateOfMember(id) }
        : { nodeId: id, name: this.#nodes.get(id)?.name ?? id, state: this.#stateOf(id) },
    );
  }

  #stateOfMember(id: MemberId): string {
    const state = this.#members.get(id)?.state ?? 'removed';
    if (state !== 'admitted') return state;
    const reach = this.#reachOf(id);
    return reach === 'here' ? 'online' : reach;
  }

  #stateOf(id: NodeId): string {
    const row = this.#nodes.get(id);
    if (row === undefined) return 'removed';
    const presence = this.#registry.presence(id);
    if (presence !== 'offline') return presence;
    return row.endpoints.length === 0 ? 'never-seen' : 'unreachable';
  }
}

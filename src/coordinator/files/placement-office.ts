import { accept, type ChunkId, type NodeId } from '../../base/index.js';
import {
  type Candidate,
  checkRoom,
  checkSpreadRoom,
  countsAsHolder,
  type ChunkPlan,
  type MemberReach,
  planPlacement,
  type Room,
  roomFor,
  type Unusable,
  unreached,
} from '../../domain/index.js';
import type { Clock, Timers } from '../../ports/index.js';
import type { NodeRow, ViewHost } from '../../projections/index.js';
import type { NodeRegistry } from '../nodes/node-registry.js';

/** After a start, nodes get this long to dial in before too few of them is an answer. */
const DIAL_IN_MS = 10_000;
const DIAL_IN_STEP_MS = 50;

/** Another member, by what is left of its pledge. */
export interface OtherRoom {
  readonly name: string;
  readonly freeBytes: number;
  readonly reach: MemberReach;
}

export interface Placement {
  readonly plans: readonly ChunkPlan[];
  readonly nodes: ReadonlyMap<NodeId, NodeRow>;
}

interface PlacementOfficeOptions {
  readonly views: ViewHost;
  readonly registry: NodeRegistry;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Chooses nodes for chunks, from what is on record and from who is here now. */
export class PlacementOffice {
  readonly #options: PlacementOfficeOptions;
  readonly #startedMonotonicMs: number;

  constructor(options: PlacementOfficeOptions) {
    this.#options = options;
    this.#startedMonotonicMs = options.clock.monotonicMs();
  }

  /** Errors: NOT_ENOUGH_NODES, NOT_ENOUGH_SPACE, CANCELLED. */
  async place(request: {
    readonly chunks: readonly { readonly chunkId: ChunkId; readonly lengthBytes: number }[];
    readonly copies: number;
    readonly minimumCopies: number;
    readonly avoid: ReadonlySet<NodeId>;
    readonly signal: AbortSignal;
  }): Promise<Placement> {
    const { candidates, unusable, nodes } = await this.usable(request.copies, request.signal);
    const chunks = await this.#options.views.run((views) => {
      views.placement.need(request.chunks.map(({ chunkId }) => chunkId));
      return request.chunks.map(({ chunkId, lengthBytes }) => ({
        chunkId,
        lengthBytes,
        holders: views.placement.chunk(chunkId)?.holders ?? [],
      }));
    });
    const { copies, minimumCopies, avoid } = request;
    return { plans: accept(planPlacement({ chunks, copies, minimumCopies, candidates, unusable, avoid })), nodes };
  }

  /** Whether there is room for so many bytes at all, before any of them is sent. Errors as `place`. */
  async checkRoom(request: {
    readonly bytes: number;
    readonly copies: number;
    /** Others that could keep a copy each, and those that pledged and do not answer; undefined: own nodes only. */
    readonly others: { readonly members: readonly OtherRoom[]; readonly away: readonly Unusable[] } | undefined;
    readonly signal: AbortSignal;
  }): Promise<void> {
    const { bytes, copies, others, signal } = request;
    if (others === undefined) {
      const { candidates, unusable } = await this.usable(copies, signal);
      accept(checkRoom(request, candidates, unusable));
      return;
    }
    // Right after a start other members are not connected yet: whether one is there is found out when it is asked.
    const members = others.members.filter(({ reach }) => reach === 'here' || this.#starting());
    const { candidates, unusable } = await this.usable(Math.max(0, copies - members.length), signal);
    const away = others.members.filter((each) => !members.includes(each)).map(({ name, reach }) => unreached(name, reach));
    accept(checkSpreadRoom({ bytes, copies, candidates, members, unusable: [...unusable, ...others.away, ...away] }));
  }

  #starting(): boolean {
    return this.#options.clock.monotonicMs() < this.#startedMonotonicMs + DIAL_IN_MS;
  }

  /** The most that could be stored now, in so many copies; with members, at most one copy with each. */
  async room(copies: number, members: readonly Pick<Room, 'freeBytes'>[] = []): Promise<number> {
    const { views } = this.#options;
    const all = await views.run((each) => each.nodes.all().filter(([nodeId]) => countsAsHolder(nodeId, each)));
    return roomFor(copies, [...this.#sort(all).candidates, ...members]);
  }

  /** Nodes that could take chunks now, and those that could not. Waits a little for as many as copies, right after a start. */
  async usable(
    copies: number,
    signal: AbortSignal,
  ): Promise<{
    readonly candidates: readonly Candidate[];
    readonly unusable: readonly Unusable[];
    readonly nodes: ReadonlyMap<NodeId, NodeRow>;
  }> {
    const { views, registry, timers } = this.#options;
    const all = await views.run((each) => each.nodes.all().filter(([nodeId]) => countsAsHolder(nodeId, each)));
    let sorted = this.#sort(all);
    while (sorted.candidates.length < copies && all.length > 0 && this.#starting()) {
      if (all.every(([nodeId]) => registry.presence(nodeId) === 'online')) break;
      await timers.sleep(DIAL_IN_STEP_MS, signal);
      sorted = this.#sort(all);
    }
    return { ...sorted, nodes: new Map(all) };
  }

  #sort(all: readonly (readonly [NodeId, NodeRow])[]): {
    readonly candidates: readonly Candidate[];
    readonly unusable: readonly Unusable[];
  } {
    const candidates: Candidate[] = [];
    const unusable: Unusable[] = [];
    for (const [nodeId, row] of all) {
      const { registry } = this.#options;
      const presence = registry.presence(nodeId);
      const telemetry = registry.telemetry(nodeId);
      const { name, failureDomain } = row;
      if (presence !== 'online' || telemetry === undefined)
        unusable.push({ name, why: presence === 'suspect' ? 'not answering' : 'offline' });
      else if (telemetry.storeState === 'full') candidates.push({ nodeId, name, failureDomain, freeBytes: 0, full: true });
      else if (telemetry.storeState !== 'ready') unusable.push({ name, why: telemetry.storeState });
      else candidates.push({ nodeId, name, failureDomain, freeBytes: telemetry.freeBytes });
    }
    return { candidates, unusable };
  }
}

import { CollectiveError, LIMITS, type NodeId } from '../../base/index.js';
import type { Clock } from '../../ports/index.js';
import type { SessionResponse } from '../../transport/index.js';
import type { NodeSession } from './node-session.js';

/** What a node last said of itself; never in the log. */
export interface NodeTelemetry {
  readonly usedBytes: number;
  readonly freeBytes: number;
  readonly chunks: number;
  readonly storeState: 'ready' | 'full' | 'read-only';
  readonly storeReason: string;
  readonly damagedCopies: number;
  readonly softwareVersion: string;
}

export type Presence = 'online' | 'suspect' | 'offline';

interface Row {
  session: NodeSession | undefined;
  telemetry: NodeTelemetry;
  lastHeardMonotonicMs: number;
  lastSeenMs: number;
}

/** Which nodes are here now and how they are, from their sessions. Bounded by the number of registered nodes. */
export class NodeRegistry {
  readonly #clock: Clock;
  readonly #startedMonotonicMs: number;
  readonly #rows = new Map<NodeId, Row>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedMonotonicMs = clock.monotonicMs();
  }

  /** A node that dials in again replaces its older session. */
  connect(nodeId: NodeId, session: NodeSession, telemetry: NodeTelemetry): void {
    const older = this.#rows.get(nodeId)?.session;
    this.#rows.set(nodeId, {
      session,
      telemetry,
      lastHeardMonotonicMs: this.#clock.monotonicMs(),
      lastSeenMs: this.#clock.nowMs(),
    });
    older?.close(new CollectiveError('UNAVAILABLE', 'The node has opened a newer session.'));
  }

  disconnect(nodeId: NodeId, session: NodeSession): void {
    const row = this.#rows.get(nodeId);
    if (row?.session === session) row.session = undefined;
  }

  heard(nodeId: NodeId, session: NodeSession, telemetry: NodeTelemetry): void {
    const row = this.#rows.get(nodeId);
    if (row?.session !== session) return;
    row.telemetry = telemetry;
    row.lastHeardMonotonicMs = this.#clock.monotonicMs();
    row.lastSeenMs = this.#clock.nowMs();
  }

  /** Online: has a session and was heard of lately. Suspect: has a session and is silent. Only online nodes get new chunks. */
  presence(nodeId: NodeId): Presence {
    const row = this.#rows.get(nodeId);
    if (row?.session === undefined) return 'offline';
    return this.#clock.monotonicMs() - row.lastHeardMonotonicMs > LIMITS.nodeSuspectMs ? 'suspect' : 'online';
  }

  session(nodeId: NodeId): NodeSession | undefined {
    return this.#rows.get(nodeId)?.session;
  }

  telemetry(nodeId: NodeId): NodeTelemetry | undefined {
    return this.#rows.get(nodeId)?.telemetry;
  }

  /** By the wall clock; undefined when this coordinator has not heard of the node since it started. */
  lastSeenMs(nodeId: NodeId): number | undefined {
    return this.#rows.get(nodeId)?.lastSeenMs;
  }

  /** By the monotonic clock; undefined as above. */
  silentForMs(nodeId: NodeId): number | undefined {
    const row = this.#rows.get(nodeId);
    return row === undefined ? undefined : this.#clock.monotonicMs() - row.lastHeardMonotonicMs;
  }

  /** Since it was heard of last, or since the start of this coordinator. */
  unheardForMs(nodeId: NodeId): number {
    return this.#clock.monotonicMs() - (this.#rows.get(nodeId)?.lastHeardMonotonicMs ?? this.#startedMonotonicMs);
  }

  /** To every node that is here. */
  tellAll(message: SessionResponse): void {
    for (const row of this.#rows.values()) row.session?.send(message);
  }

  closeAll(reason: CollectiveError): void {
    for (const row of this.#rows.values()) row.session?.close(reason);
  }
}

import { type CollectiveError, LIMITS, type MemberId, toCollectiveError } from '../../../base/index.js';
import type { Head } from '../../../events/index.js';
import type { Clock } from '../../../ports/index.js';
import type { PeerHello, PeerMessage } from '../../../transport/index.js';
import { SessionOutbox } from './session-outbox.js';
import { bytesOfMessage, PROTOCOL_VERSION_ASKED } from './wire.js';

/** Less than the least time between two rounds of pings: the other side has pinged in its last one. */
const HEARD_LATELY_MS = LIMITS.peerPingMs * 0.7;

/** One session with another member's coordinator, whoever dialled: what it has said, and what is yet to be said to it. */
export class PeerLink {
  readonly memberId: MemberId;
  /** Whether this side dialled. */
  readonly dialledHere: boolean;
  readonly openedMs: number;
  readonly outbox = new SessionOutbox();
  /** By its own word. */
  readonly heads = new Map<MemberId, Head>();
  /** What it was told of logs; blocks that were pushed to it are not in it. */
  readonly told = new Map<MemberId, Head>();
  /** Chosen anew now and then: who gets new blocks first where not all do. */
  order = 0;
  /** Last event of the own log that was pushed to it. */
  pushedSequence = 0;
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  readonly #inFlight: { readonly sequence: number; readonly bytes: number }[] = [];
  #hello: PeerHello | undefined;
  #heardMs: number;
  #roundTripMs: number | undefined;
  /** Monotonic. */
  #measuredMs = Number.NEGATIVE_INFINITY;
  #pinged: { readonly nonce: number; readonly sentMs: number } | undefined;
  #nonce = 0;
  #sentBytes = 0;
  #receivedBytes = 0;
  /** `host:port`. */
  readonly address: string;

  constructor(peer: {
    readonly memberId: MemberId;
    readonly dialledHere: boolean;
    readonly address: string;
    readonly clock: Clock;
  }) {
    this.memberId = peer.memberId;
    this.dialledHere = peer.dialledHere;
    this.address = peer.address;
    this.#clock = peer.clock;
    this.openedMs = peer.clock.nowMs();
    this.#heardMs = this.openedMs;
  }

  get hello(): PeerHello | undefined {
    return this.#hello;
  }

  /** Whether calls of this side can go over the connection that the other one dialled. */
  get takesCalls(): boolean {
    return !this.dialledHere && (this.#hello?.protocolVersion ?? 0) >= PROTOCOL_VERSION_ASKED;
  }

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  get reason(): CollectiveError {
    return toCollectiveError(this.#ended.signal.reason, 'UNAVAILABLE');
  }

  get heardMs(): number {
    return this.#heardMs;
  }

  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Its word that it has blocks is no reason to keep more of them for it than it reads. */
  get inFlightBytes(): number {
    const unconfirmed = this.#inFlight.reduce((sum, { bytes }) => sum + bytes, 0);
    return Math.max(unconfirmed, this.outbox.blockBytes);
  }

  /** What goes out, until the session ends. */
  async *messages(): AsyncGenerator<PeerMessage, void, undefined> {
    for await (const message of this.outbox.drain()) {
      this.#sentBytes += bytesOfMessage(message);
      const { message: what } = message;
      if (what?.$case === 'ping') this.#pinged = { nonce: what.value.nonce, sentMs: this.#clock.monotonicMs() };
      yield message;
    }
  }

  greeted(hello: PeerHello): void {
    this.#hello = hello;
  }

  /** Something came. */
  heard(message: PeerMessage): void {
    this.#heardMs = this.#clock.nowMs();
    this.#receivedBytes += bytesOfMessage(message);
  }

  /** Whoever was heard lately is there; the round trip is measured now and then all the same. */
  get pingDue(): boolean {
    const heardLately = this.#clock.nowMs() - this.#heardMs < HEARD_LATELY_MS;
    return !heardLately || this.#clock.monotonicMs() - this.#measuredMs > LIMITS.peerMeasureMs;
  }

  ping(): void {
    this.#nonce += 1;
    this.outbox.ping(this.#nonce);
  }

  ponged(nonce: number): void {
    if (this.#pinged?.nonce !== nonce) return;
    this.#roundTripMs = this.#clock.monotonicMs() - this.#pinged.sentMs;
    this.#measuredMs = this.#clock.monotonicMs();
    this.#pinged = undefined;
  }

  /** It holds a log up to here, by its own word. True: it has not said so of this log before. Past the limit it is not heard. */
  holds(head: Head): boolean {
    const first = !this.heads.has(head.origin);
    if (first && this.heads.size >= LIMITS.foreignLogs) return false;
    this.heads.set(head.origin, head);
    return first;
  }

  /** How far a log is held here. */
  tell(head: Head): void {
    this.told.set(head.origin, head);
    this.outbox.head(head);
  }

  /** Own blocks go to it. */
  push(origin: MemberId, blocks: readonly Uint8Array[], lastSequence: number): void {
    this.pushedSequence = lastSequence;
    this.#inFlight.push({ sequence: lastSequence, bytes: blocks.reduce((sum, { length }) => sum + length, 0) });
    this.outbox.blocks(origin, blocks);
  }

  /** It has the own log up to here. */
  acknowledged(sequence: number): void {
    while ((this.#inFlight[0]?.sequence ?? Number.POSITIVE_INFINITY) <= sequence) this.#inFlight.shift();
  }

  close(reason: CollectiveError): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(reason);
    this.outbox.end();
  }
}

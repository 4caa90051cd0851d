import { assert, CollectiveError, concatBytes, toCollectiveError } from '../../../src/base/index.js';
import type { ByteStream, ByteStreamHandlers, PeerCertificate } from '../../../src/ports/index.js';

/** Bytes under way or waiting at the receiver before the sender has to wait: as the buffers of two kernels hold. */
const WINDOW_BYTES = 256 * 1024;
/** The largest piece, as of a TLS record. Nothing is sent into less room than that, or pieces would get ever smaller. */
const PIECE_BYTES = 16 * 1024;

/** What carries the bytes of a stream: calls back later, in order; never if the link is down by then. */
export type Carry = (arrive: () => void) => void;

/** How to split what is sent into what arrives: the next piece's length, 1 to so many. */
export type Split = (bytes: number) => number;

interface Pending {
  readonly bytes: Uint8Array;
  sent: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export interface SimByteStreamOptions {
  readonly peer: PeerCertificate;
  readonly remote: string;
  readonly role: 'dialled' | 'accepted';
  readonly carry: Carry;
  readonly split: Split;
  readonly onClosed: () => void;
}

/** One end of a simulated connection. */
export class SimByteStream implements ByteStream {
  readonly peer: PeerCertificate;
  readonly remote: string;
  readonly #options: SimByteStreamOptions;
  #other: SimByteStream | undefined;
  #handlers: ByteStreamHandlers | undefined;
  readonly #pending: Pending[] = [];
  readonly #arrived: Uint8Array[] = [];
  #underWay = 0;
  #queuedBytes = 0;
  #paused = false;
  #delivering = false;
  #received = false;
  #started = false;
  #endAsked = false;
  #endedHere = false;
  #endSent = false;
  #endedThere = false;
  #closed: { readonly error: Error | undefined } | undefined;

  constructor(options: SimByteStreamOptions) {
    this.peer = options.peer;
    this.remote = options.remote;
    this.#options = options;
  }

  static join(left: SimByteStream, right: SimByteStream): void {
    left.#other = right;
    right.#other = left;
  }

  get #far(): SimByteStream {
    assert(this.#other !== undefined, 'a stream has two ends');
    return this.#other;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  start(handlers: ByteStreamHandlers): void {
    assert(!this.#started, 'a stream is started once');
    this.#started = true;
    this.#handlers = handlers;
    this.#deliver();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  write(parts: readonly Uint8Array[]): Promise<void> {
    if (this.#endedHere || this.#closed !== undefined) return Promise.reject(this.#closed?.error ?? this.#closedHere());
    const bytes = concatBytes(parts);
    this.#queuedBytes += bytes.length;
    return new Promise((resolve, reject) => {
      this.#pending.push({ bytes, sent: 0, resolve, reject });
      this.#send();
    });
  }

  end(): void {
    this.#endAsked = true;
    this.#finish();
  }

  destroy(error?: Error): void {
    if (this.#closed !== undefined) return;
    this.#close(error ?? this.#closedHere());
    this.#options.carry(() => this.#far.#cutOff());
  }

  /** The connection breaks, and neither end is told by the other. */
  cut(): void {
    this.#cutOff();
    this.#far.#cutOff();
  }

  /** As in TLS 1.3, where this is all that a refused certificate looks like. */
  get #heardNothing(): boolean {
    return this.#options.role === 'dialled' && !this.#endAsked && !this.#received;
  }

  #send(): void {
    for (let next = this.#pending[0]; next !== undefined && this.#closed === undefined; next = this.#pending[0]) {
      while (next.sent < next.bytes.length && this.#underWay <= WINDOW_BYTES - PIECE_BYTES) {
        const length = this.#options.split(Math.min(next.bytes.length - next.sent, PIECE_BYTES));
        const piece = next.bytes.slice(next.sent, next.sent + length);
        next.sent += length;
        this.#underWay += length;
        this.#queuedBytes -= length;
        this.#options.carry(() => this.#far.#arrive(piece));
      }
      if (next.sent < next.bytes.length) return;
      this.#pending.shift();
      next.resolve();
    }
    if (this.#endedHere && !this.#endSent && this.#closed === undefined) {
      this.#endSent = true;
      this.#options.carry(() => this.#far.#arriveEnd());
      this.#closeIfBothEnded();
    }
  }

  #arrive(piece: Uint8Array): void {
    if (this.#closed !== undefined) return;
    this.#received = true;
    this.#arrived.push(piece);
    this.#deliver();
  }

  #arriveEnd(): void {
    if (this.#closed !== undefined) return;
    this.#endedThere = true;
    this.#finish();
    this.#closeIfBothEnded();
  }

  #finish(): void {
    this.#endedHere = true;
    this.#send();
  }

  #closeIfBothEnded(): void {
    if (!this.#endSent || !this.#endedThere) return;
    this.#close(this.#heardNothing ? this.#closedWithoutAWord() : undefined);
  }

  #deliver(): void {
    const handlers = this.#handlers;
    if (handlers === undefined || this.#delivering) return;
    this.#delivering = true;
    try {
      while (!this.#paused) {
        const piece = this.#arrived.shift();
        if (piece === undefined) break;
        handlers.onBytes(piece);
        this.#far.#taken(piece.length);
      }
    } catch (error) {
      this.destroy(toCollectiveError(error));
    } finally {
      this.#delivering = false;
    }
    if (this.#closed === undefined || this.#arrived.length > 0 || this.#handlers === undefined) return;
    this.#handlers = undefined;
    handlers.onClose(this.#closed.error);
  }

  #taken(bytes: number): void {
    this.#underWay -= bytes;
    this.#send();
  }

  #cutOff(): void {
    if (this.#closed !== undefined) return;
    this.#close(
      this.#heardNothing
        ? this.#closedWithoutAWord()
        : this.#failure('NODE_UNREACHABLE', `The connection to ${this.remote} was cut.`),
    );
  }

  #close(error: Error | undefined): void {
    if (this.#closed !== undefined) return;
    this.#closed = { error };
    if (error !== undefined) this.#arrived.length = 0;
    for (const { reject } of this.#pending.splice(0)) reject(error ?? this.#closedHere());
    this.#queuedBytes = 0;
    this.#options.onClosed();
    this.#deliver();
  }

  #closedHere(): CollectiveError {
    return this.#failure('CANCELLED', `The connection to ${this.remote} was closed at this end.`);
  }

  #closedWithoutAWord(): CollectiveError {
    return this.#failure(
      'NODE_UNREACHABLE',
      `${this.remote} closed the connection right after the handshake: it refused the certificate of this end, or it stopped.`,
    );
  }

  #failure(code: 'CANCELLED' | 'NODE_UNREACHABLE', message: string): CollectiveError {
    return new CollectiveError(code, message, { details: { remote: this.remote } });
  }
}

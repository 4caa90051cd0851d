import { CollectiveError, LIMITS, toCollectiveError, unreachable } from '../../base/index.js';
import type { ByteStream, Clock, Timers } from '../../ports/index.js';
import { ChunkSender } from './chunk-sender.js';
import { ClientRequest, type Expected, type Reply } from './client-request.js';
import { FrameParser, type FrameSink } from './frame-parser.js';
import { encodeFrame, FRAME, type FrameType } from './frames.js';
import {
  checkVersions,
  decodeError,
  decodeHello,
  encodeError,
  encodeHello,
  type Hello,
  OWN_HELLO,
  violation,
} from './messages.js';
import { RequestGate } from './request-gate.js';

export interface CallOptions {
  readonly signal: AbortSignal;
  /** Default: `LIMITS.dataRequestMs`. */
  readonly timeoutMs?: number;
}

export interface ConnectionParts {
  readonly stream: ByteStream;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** A frame to send, and bytes to send after it. */
export interface Outgoing {
  readonly type: FrameType;
  readonly body: Uint8Array;
  readonly data?: Uint8Array;
}

/** The client's end of a connection: numbers requests, sends them, and gives each what comes back for it. */
export class ConnectionCore implements FrameSink {
  readonly #parts: ConnectionParts;
  readonly #parser: FrameParser;
  readonly #requests = new Map<number, ClientRequest>();
  readonly #closed: Promise<CollectiveError>;
  #resolveClosed: (reason: CollectiveError) => void = () => undefined;
  #onHello: ((hello: Hello) => void) | undefined;
  #sender: ChunkSender | undefined;
  #gate = new RequestGate(1);
  #lastRequest = 0;
  /** Why no new request is taken. */
  #refusing: CollectiveError | undefined;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#parser = new FrameParser(this);
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  /** Resolves, once the connection is closed, with the reason. */
  get closed(): Promise<CollectiveError> {
    return this.#closed;
  }

  /** Why no new request is taken; undefined while they are. */
  get refusing(): CollectiveError | undefined {
    return this.#refusing;
  }

  get inFlight(): number {
    return this.#requests.size;
  }

  /** Exchanges hellos. Errors: PROTOCOL_ERROR, NODE_UNREACHABLE, DEADLINE_EXCEEDED, CANCELLED; then the stream is closed. */
  async open(signal: AbortSignal): Promise<Hello> {
    const { stream, timers } = this.#parts;
    const greeted = new Promise<Hello>((resolve) => {
      this.#onHello = resolve;
    });
    stream.start({ onBytes: (bytes) => this.#onBytes(bytes), onClose: (error) => this.#onClose(error) });
    this.#write(encodeFrame(FRAME.hello, 0, encodeHello(OWN_HELLO)));
    const abort = (): void => this.destroy(new CollectiveError('CANCELLED', 'Connecting was cancelled.'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    const deadline = timers.after(LIMITS.handshakeTimeoutMs, () =>
      this.destroy(new CollectiveError('DEADLINE_EXCEEDED', `${stream.remote} did not answer the hello in time.`)),
    );
    try {
      const theirs = await Promise.race([greeted, this.#closed]);
      if (theirs instanceof CollectiveError) throw theirs;
      this.#gate = new RequestGate(Math.min(theirs.requestsInFlight, LIMITS.requestsInFlightPerConnection));
      this.#sender = new ChunkSender(stream, theirs.dataFrameBytes);
      return theirs;
    } finally {
      deadline.cancel();
      signal.removeEventListener('abort', abort);
    }
  }

  /**
   * Sends a request and waits for its answer. When the promise settles, neither the data sent nor the buffer received into is
   * used any more: after a cancel that takes until the other end has confirmed it, or the connection is given up.
   */
  async call(outgoing: Outgoing, expected: Expected, options: CallOptions): Promise<Reply> {
    await this.#gate.enter(options.signal);
    try {
      if (this.#refusing !== undefined) throw this.#refusing;
      return await this.#callNow(outgoing, expected, options);
    } finally {
      this.#gate.leave();
    }
  }

  async #callNow(outgoing: Outgoing, expected: Expected, options: CallOptions): Promise<Reply> {
    const { timers } = this.#parts;
    const { signal, timeoutMs = LIMITS.dataRequestMs } = options;
    const number = this.#nextNumber();
    const request = new ClientRequest(expected);
    this.#requests.set(number, request);
    let cancelled: CollectiveError | undefined;
    let sending = outgoing.data !== undefined;
    let grace: { cancel(): void } | undefined;
    const cancel = (reason: CollectiveError): void => {
      if (cancelled !== undefined || request.over) return;
      cancelled = reason;
      grace = timers.after(LIMITS.cancelGraceMs, () => this.destroy(reason));
      // While data is being sent, its sender stops first and says so then.
      if (!sending) this.#write(encodeFrame(FRAME.cancel, number, NOTHING));
    };
    const abort = (): void => cancel(new CollectiveError('CANCELLED', 'The request was cancelled.', { cause: signal.reason }));
    signal.addEventListener('abort', abort, { once: true });
    const deadline = timers.after(timeoutMs, () =>
      cancel(
        new CollectiveError('DEADLINE_EXCEEDED', `${this.#parts.stream.remote} did not answer within ${timeoutMs / 1000} s.`),
      ),
    );
    try {
      const transmitted = this.#transmit(number, outgoing, request, () => cancelled).then(() => {
        sending = false;
      });
      const [reply] = await Promise.allSettled([request.reply, transmitted]);
      if (reply.status === 'fulfilled') return reply.value;
      throw cancelled ?? toCollectiveError(reply.reason);
    } finally {
      this.#requests.delete(number);
      signal.removeEventListener('abort', abort);
      deadline.cancel();
      grace?.cancel();
      this.#endIfIdle();
    }
  }

  async #transmit(
    number: number,
    outgoing: Outgoing,
    request: ClientRequest,
    cancelled: () => CollectiveError | undefined,
  ): Promise<void> {
    const frame = encodeFrame(outgoing.type, number, outgoing.body);
    if (outgoing.data === undefined || this.#sender === undefined) {
      this.#write(frame);
      return;
    }
    const stopped = (): boolean => request.over || cancelled() !== undefined;
    try {
      const sent = await this.#sender.send(number, frame, outgoing.data, stopped);
      if (sent === 'unsent') request.fail(cancelled() ?? violation('An answer came before the request was sent.'));
      else if (sent === 'in part' || (cancelled() !== undefined && !request.over))
        this.#write(encodeFrame(FRAME.cancel, number, NOTHING));
    } catch (error) {
      this.destroy(toCollectiveError(error, 'NODE_UNREACHABLE'));
    }
  }

  /** Takes no new requests, and closes when those in flight are over. */
  close(reason: CollectiveError): void {
    if (this.#refusing === undefined) this.#write(encodeFrame(FRAME.goAway, 0, encodeError(reason)));
    this.#refusing ??= reason;
    this.#endIfIdle();
  }

  destroy(reason: CollectiveError): void {
    this.#refusing ??= reason;
    this.#parts.stream.destroy(reason);
  }

  onFrame(type: Exclude<FrameType, typeof FRAME.data>, number: number, body: Uint8Array): void {
    if (this.#onHello !== undefined && type !== FRAME.goAway) {
      if (type !== FRAME.hello) throw violation('The other end did not begin with a hello.');
      const hello = decodeHello(body);
      checkVersions(hello);
      this.#onHello(hello);
      this.#onHello = undefined;
      return;
    }
    switch (type) {
      case FRAME.goAway:
        this.#refusing ??= decodeError(body);
        this.#endIfIdle();
        break;
      case FRAME.pong:
      case FRAME.error:
      case FRAME.done:
      case FRAME.held:
      case FRAME.receipted:
      case FRAME.chunk:
        this.#find(number).frame(type, body);
        break;
      case FRAME.ping:
      case FRAME.hello:
      case FRAME.ticket:
      case FRAME.put:
      case FRAME.hold:
      case FRAME.receipt:
      case FRAME.get:
      case FRAME.cancel:
        throw violation(`A server does not send frames of type ${type}.`);
      default:
        unreachable(type);
    }
  }

  onData(number: number, bytes: Uint8Array): void {
    this.#find(number).data(bytes);
  }

  #find(number: number): ClientRequest {
    const request = this.#requests.get(number);
    if (request === undefined || request.over) throw violation('An answer arrived that nobody waits for.');
    return request;
  }

  #nextNumber(): number {
    do this.#lastRequest = (this.#lastRequest + 1) >>> 0;
    while (this.#requests.has(this.#lastRequest));
    return this.#lastRequest;
  }

  #write(frame: Uint8Array): void {
    // A stream that does not take it is closed, and says so to every request.
    this.#parts.stream.write([frame]).catch((error: unknown) => this.destroy(toCollectiveError(error, 'NODE_UNREACHABLE')));
  }

  #endIfIdle(): void {
    if (this.#refusing !== undefined && this.#requests.size === 0) this.#parts.stream.end();
  }

  #onBytes(bytes: Uint8Array): void {
    try {
      this.#parser.push(bytes);
    } catch (error) {
      this.destroy(toCollectiveError(error));
    }
  }

  #onClose(error: Error | undefined): void {
    const reason =
      this.#refusing ??
      (error === undefined
        ? new CollectiveError('NODE_UNREACHABLE', `${this.#parts.stream.remote} closed the connection.`)
        : toCollectiveError(error, 'NODE_UNREACHABLE'));
    this.#refusing = reason;
    this.#resolveClosed(reason);
    for (const request of this.#requests.values()) if (!request.over) request.fail(reason);
  }
}

const NOTHING = new Uint8Array(0);

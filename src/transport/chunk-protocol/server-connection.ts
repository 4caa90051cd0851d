import pLimit from 'p-limit';
import { CollectiveError, LIMITS, toCollectiveError } from '../../base/index.js';
import type { ByteStream, Clock, Logger, PeerCertificate, Timers } from '../../ports/index.js';
import { ChunkSender } from './chunk-sender.js';
import { ConnectionWatch, type WatchedState } from './connection-watch.js';
import { encodeFrame, FRAME, type FrameType } from './frames.js';
import { FrameParser, type FrameSink } from './frame-parser.js';
import {
  checkVersions,
  decodeGet,
  decodeHello,
  decodeList,
  decodePut,
  decodeTicket,
  encodeChunkHead,
  encodeError,
  encodeHeld,
  encodeHello,
  OWN_HELLO,
  violation,
} from './messages.js';
import type { ChunkServerHandler, TicketRights } from './server-handler.js';
import { RequestBook } from './request-book.js';
import type { ServerRequest } from './server-request.js';

export interface ServerConnectionOptions {
  readonly stream: ByteStream;
  readonly handler: ChunkServerHandler;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly onClosed: () => void;
}

/** More than the answers to all requests in flight: a client that lets so much pile up does not read. */
const UNREAD_BYTES_MAX = 2 * 1024 * 1024;

type Answer = readonly [type: FrameType, body: Uint8Array];

/** One client's connection to a node. Whatever breaks the protocol closes it, with the reason; other connections go on. */
export class ServerConnection implements FrameSink {
  readonly #options: ServerConnectionOptions;
  readonly #stream: ByteStream;
  readonly #parser: FrameParser;
  readonly #requests = new RequestBook(() => this.#endIfIdle());
  readonly #slots = new Map<number, Promise<TicketRights>>();
  #sender: ChunkSender | undefined;
  readonly #watch: ConnectionWatch;
  readonly #reads = pLimit(LIMITS.readsAheadPerConnection);
  #goingAway: CollectiveError | undefined;
  #closed = false;

  constructor(options: ServerConnectionOptions) {
    this.#options = options;
    this.#stream = options.stream;
    this.#parser = new FrameParser(this);
    this.#watch = new ConnectionWatch(
      options.clock,
      options.timers,
      () => this.#watched(),
      (reason) => this.#onQuiet(reason),
    );
  }

  get peer(): PeerCertificate {
    return this.#stream.peer;
  }

  start(): void {
    this.#stream.start({
      onBytes: (bytes) => this.#guarded(() => this.#parser.push(bytes)),
      onClose: (error) => this.#onClose(error),
    });
  }

  /** Takes no new request, and closes when those in flight are answered. */
  goAway(reason: CollectiveError): void {
    if (this.#goingAway !== undefined || this.#closed) return;
    this.#goingAway = reason;
    this.#guarded(() => this.#send(FRAME.goAway, 0, encodeError(reason)));
    this.#endIfIdle();
  }

  destroy(reason: CollectiveError): void {
    this.#stream.destroy(reason);
  }

  onData(request: number, bytes: Uint8Array): void {
    this.#watch.moved();
    this.#requests.data(request, bytes);
  }

  onFrame(type: Exclude<FrameType, typeof FRAME.data>, request: number, body: Uint8Array): void {
    this.#watch.heard();
    if (this.#sender === undefined) {
      if (type !== FRAME.hello) throw violation('The connection did not begin with a hello.');
      this.#hello(body);
      return;
    }
    switch (type) {
      case FRAME.ticket:
        this.#ticket(request, body);
        break;
      case FRAME.put:
        this.#put(request, body);
        break;
      case FRAME.hold:
        this.#hold(request, body);
        break;
      case FRAME.receipt:
        this.#receipt(request, body);
        break;
      case FRAME.get:
        this.#get(request, body, this.#sender);
        break;
      case FRAME.cancel:
        this.#requests.cancel(request, new CollectiveError('CANCELLED', 'The request was cancelled.'));
        break;
      case FRAME.ping:
        if (body.length > 64) throw violation('A ping is too long.');
        this.#send(FRAME.pong, request, body.slice());
        break;
      case FRAME.goAway:
        this.#goingAway ??= new CollectiveError('CANCELLED', 'The client closes the connection.');
        this.#endIfIdle();
        break;
      default:
        throw violation(`A client does not send frames of type ${type}.`);
    }
  }

  #hello(body: Uint8Array): void {
    const theirs = decodeHello(body);
    this.#send(FRAME.hello, 0, encodeHello(OWN_HELLO));
    checkVersions(theirs);
    this.#sender = new ChunkSender(this.#stream, theirs.dataFrameBytes, () => this.#watch.moved());
    this.#watch.greeted();
  }

  #ticket(request: number, body: Uint8Array): void {
    const { slot, ...presented } = decodeTicket(body);
    this.#run(request, 0, async () => {
      // At once, so that requests right behind the ticket find it in its slot and wait.
      const rights = this.#options.handler.openTicket({ ...presented, peer: this.#stream.peer });
      this.#slots.set(slot, rights);
      await rights;
      return [FRAME.done, new Uint8Array(0)];
    });
  }

  #put(request: number, body: Uint8Array): void {
    const { slot, chunk } = decodePut(body);
    // Until there is a buffer for it nothing more is read: that is what slows a sender down.
    this.#parser.block();
    this.#stream.pause();
    this.#run(request, chunk.lengthBytes, async (running) => {
      const incoming = await this.#admit(slot, (rights) => rights.receive(chunk, running.signal));
      try {
        const filled = running.fill(incoming);
        this.#readOn();
        await filled;
      } catch (error) {
        incoming.discard();
        throw error;
      }
      await incoming.store();
      return [FRAME.done, new Uint8Array(0)];
    });
  }

  async #admit<Value>(slot: number, admit: (rights: TicketRights) => Promise<Value>): Promise<Value> {
    try {
      return await admit(await this.#rights(slot));
    } catch (error) {
      this.#readOn();
      throw error;
    }
  }

  #readOn(): void {
    this.#watch.moved();
    this.#guarded(() => {
      this.#parser.unblock();
      if (!this.#parser.blocked) this.#stream.resume();
    });
  }

  #hold(request: number, body: Uint8Array): void {
    const { slot, chunks } = decodeList(body);
    this.#run(request, 0, async ({ signal }) => [FRAME.held, encodeHeld(await (await this.#rights(slot)).held(chunks, signal))]);
  }

  #receipt(request: number, body: Uint8Array): void {
    const { slot, chunks } = decodeList(body);
    this.#run(request, 0, async ({ signal }) => [FRAME.receipted, await (await this.#rights(slot)).receipt(chunks, signal)]);
  }

  #get(request: number, body: Uint8Array, sender: ChunkSender): void {
    const { slot, chunk, range } = decodeGet(body);
    const serve = async ({ signal }: ServerRequest): Promise<undefined> => {
      const rights = await this.#rights(slot);
      const found =
        range === undefined
          ? { ...(await rights.read(chunk, signal)), chunkLengthBytes: chunk.lengthBytes, firstLeaf: 0, proof: new Uint8Array(0) }
          : await rights.readRange(chunk, range, signal);
      try {
        const head = encodeFrame(FRAME.chunk, request, encodeChunkHead({ ...found, bytes: found.bytes.length }));
        const sent = await sender.send(request, head, found.bytes, () => signal.aborted);
        if (sent !== 'whole') throw new CollectiveError('CANCELLED', 'The request was cancelled.');
      } finally {
        found.release();
      }
      return undefined;
    };
    // A client that reads slowly keeps only so many buffers from others.
    this.#run(request, 0, (running) => this.#reads(serve, running));
  }

  async #rights(slot: number): Promise<TicketRights> {
    const rights = this.#slots.get(slot);
    if (rights === undefined) throw new CollectiveError('TICKET_INVALID', `No ticket was shown for slot ${slot}.`);
    return rights;
  }

  /** Works on a request and answers it, with an error frame if it fails. */
  #run(request: number, dataBytes: number, work: (running: ServerRequest) => Promise<Answer | undefined>): void {
    const running = this.#requests.begin(request, dataBytes);
    const refused = this.#goingAway;
    const outcome = refused === undefined ? work(running) : this.#refuse(refused);
    outcome
      .catch((error: unknown): Answer => [FRAME.error, encodeError(this.#refusal(error))])
      .then((answer) => {
        if (answer !== undefined) this.#send(answer[0], request, answer[1]);
        this.#requests.answered(request, running);
      })
      .catch((error: unknown) => this.#fail(error));
  }

  async #refuse(reason: CollectiveError): Promise<never> {
    this.#readOn();
    throw reason;
  }

  #refusal(error: unknown): CollectiveError {
    const refusal = toCollectiveError(error);
    if (refusal.code !== 'INTERNAL') return refusal;
    this.#options.logger.error('a chunk request failed', { remote: this.#stream.remote, error });
    return new CollectiveError('INTERNAL', 'The node failed inside; its log says more.');
  }

  #endIfIdle(): void {
    if (this.#goingAway !== undefined && this.#requests.size === 0) this.#stream.end();
  }

  #send(type: FrameType, request: number, body: Uint8Array): void {
    if (this.#closed) return;
    if (this.#stream.queuedBytes > UNREAD_BYTES_MAX) throw violation('The client does not read its answers.');
    this.#write(encodeFrame(type, request, body));
  }

  #write(frame: Uint8Array): void {
    this.#stream.write([frame]).catch((error: unknown) => {
      this.#options.logger.debug('a frame was not sent: the connection is closed', { remote: this.#stream.remote, error });
    });
  }

  #guarded(run: () => void): void {
    if (this.#closed) return;
    try {
      run();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Says why, then closes. */
  #fail(error: unknown): void {
    if (this.#closed) return;
    const reason = toCollectiveError(error);
    this.#options.logger.warn('a chunk connection is closed', {
      remote: this.#stream.remote,
      code: reason.code,
      reason: reason.message,
    });
    this.#closed = true;
    this.#watch.stop();
    this.#write(encodeFrame(FRAME.goAway, 0, encodeError(reason)));
    this.#stream.end();
    this.#requests.cancelAll(reason);
  }

  #watched(): WatchedState {
    const transferring = this.#stream.queuedBytes > 0 || this.#requests.awaitsData;
    return { transferring, waitsForUs: this.#parser.blocked || (this.#requests.size > 0 && !transferring) };
  }

  #onQuiet(reason: CollectiveError): void {
    this.#fail(reason);
    // What is queued may not go out any more either.
    this.#stream.destroy();
  }

  #onClose(error: Error | undefined): void {
    this.#closed = true;
    this.#watch.stop();
    this.#requests.cancelAll(new CollectiveError('CANCELLED', 'The connection is closed.', { cause: error }));
    this.#options.onClosed();
  }
}

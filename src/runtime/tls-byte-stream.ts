import type { TLSSocket } from 'node:tls';
import { assert, LIMITS, toCollectiveError } from '../base/index.js';
import type { ByteStream, ByteStreamHandlers, PeerCertificate } from '../ports/index.js';
import { InboundQueue } from './inbound-queue.js';
import { closedHere, closedWithoutAWord, cutOff, dialFailure } from './tls-errors.js';

/** Parts up to this size are joined to their neighbours: one TLS record and one system call for all of them. */
const JOINED_BYTES_MAX = 16 * 1024;
const KEEP_ALIVE_MS = 30_000;

export interface TlsByteStreamOptions {
  readonly socket: TLSSocket;
  readonly peer: PeerCertificate;
  readonly remote: string;
  /** Which end opened the connection: only the dialling one can be closed on without a word. */
  readonly role: 'dialled' | 'accepted';
  /** Whether bytes come through `receive` (a user buffer on the socket) or through `data` events. */
  readonly byUserBuffer: boolean;
}

/** A TLS connection whose handshake is done and whose peer has been verified. */
export class TlsByteStream implements ByteStream {
  readonly peer: PeerCertificate;
  readonly remote: string;
  readonly #socket: TLSSocket;
  readonly #role: 'dialled' | 'accepted';
  readonly #byUserBuffer: boolean;
  readonly #inbound = new InboundQueue();
  #queuedBytes = 0;
  #started = false;
  #endedHere = false;
  #endedThere = false;
  #failure: Error | undefined;
  #linger: NodeJS.Timeout | undefined;

  constructor(options: TlsByteStreamOptions) {
    this.peer = options.peer;
    this.remote = options.remote;
    this.#socket = options.socket;
    this.#role = options.role;
    this.#byUserBuffer = options.byUserBuffer;
    this.#socket.setNoDelay(true);
    this.#socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#socket.on('error', (error: Error) => this.#onError(error));
    this.#socket.once('end', () => this.#onEnd());
    this.#socket.once('close', () => this.#onClose());
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  start(handlers: ByteStreamHandlers): void {
    assert(!this.#started, 'a stream is started once');
    this.#started = true;
    if (!this.#byUserBuffer) this.#socket.on('data', (bytes: Buffer) => this.receive(bytes));
    this.#guarded(() => this.#inbound.start(handlers));
    if (this.#byUserBuffer) this.#socket.resume();
  }

  pause(): void {
    this.#inbound.pause();
    this.#socket.pause();
  }

  resume(): void {
    this.#guarded(() => this.#inbound.resume());
    if (this.#started) this.#socket.resume();
  }

  /** What the socket read; false stops it from reading on. For the code that made the socket. */
  receive(bytes: Uint8Array): boolean {
    let more = false;
    this.#guarded(() => {
      more = this.#inbound.push(bytes);
    });
    return more;
  }

  write(parts: readonly Uint8Array[]): Promise<void> {
    if (this.#endedHere || !this.#socket.writable) return Promise.reject(this.#failure ?? closedHere(this.remote));
    const pieces = joinSmall(parts);
    let length = 0;
    for (const piece of pieces) length += piece.length;
    this.#queuedBytes += length;
    return new Promise((resolve, reject) => {
      const settle = (error?: Error | null): void => {
        this.#queuedBytes -= length;
        // Node reports writes that a destroyed socket gave up as if they had been done.
        if ((error === undefined || error === null) && !this.#socket.destroyed) resolve();
        else reject(this.#failure ?? cutOff(this.remote, error));
      };
      // Not writev: TLS would copy all parts into one buffer first (measured: 0.5 against 0.6 CPU seconds per GB).
      pieces.forEach((piece, index) => {
        if (index === pieces.length - 1) this.#socket.write(piece, settle);
        else this.#socket.write(piece);
      });
      if (pieces.length === 0) this.#socket.write(new Uint8Array(0), settle);
    });
  }

  end(): void {
    if (this.#endedHere) return;
    this.#endedHere = true;
    this.#socket.end();
    this.#endSoon();
  }

  destroy(error?: Error): void {
    if (this.#socket.destroyed) return;
    this.#failure ??= error ?? closedHere(this.remote);
    this.#socket.destroy();
  }

  /** Handlers are not ours: what one throws closes this connection and nothing else. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.destroy(toCollectiveError(error));
    }
  }

  #onError(error: Error): void {
    if (this.#role === 'dialled' && !this.#inbound.received) {
      const failure = dialFailure(this.remote, error);
      this.#failure ??= failure.code === 'CERTIFICATE_INVALID' ? failure : closedWithoutAWord(this.remote, error);
    } else {
      this.#failure ??= cutOff(this.remote, error);
    }
  }

  #onEnd(): void {
    this.#endedThere = true;
    this.#endSoon();
  }

  /** The other end has a while to take what is queued and to close too. */
  #endSoon(): void {
    this.#linger ??= setTimeout(() => this.destroy(cutOff(this.remote)), LIMITS.closeLingerMs).unref();
  }

  #onClose(): void {
    clearTimeout(this.#linger);
    if (this.#failure === undefined && !this.#endedThere) this.#failure = cutOff(this.remote);
    const silent = this.#role === 'dialled' && !this.#endedHere && !this.#inbound.received;
    if (this.#failure === undefined && silent) this.#failure = closedWithoutAWord(this.remote);
    this.#guarded(() => this.#inbound.close(this.#failure));
  }
}

/** Parts in order, empty ones dropped, runs of small ones copied together. */
function joinSmall(parts: readonly Uint8Array[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let run: Uint8Array[] = [];
  let runBytes = 0;
  const flush = (): void => {
    if (run.length > 0) pieces.push(run.length === 1 && run[0] !== undefined ? run[0] : Buffer.concat(run, runBytes));
    run = [];
    runBytes = 0;
  };
  for (const part of parts) {
    if (part.length === 0) continue;
    if (runBytes + part.length > JOINED_BYTES_MAX) flush();
    run.push(part);
    runBytes += part.length;
  }
  flush();
  return pieces;
}

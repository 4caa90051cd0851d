import { CollectiveError, LIMITS } from '../../base/index.js';
import type { ByteStream, Clock, Logger, PeerCertificate, Timers } from '../../ports/index.js';
import { ServerConnection } from './server-connection.js';
import type { ChunkServerHandler } from './server-handler.js';

export interface ChunkServerOptions {
  readonly handler: ChunkServerHandler;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Default: `LIMITS.dataConnections`. */
  readonly connectionsMax?: number;
}

/** Serves the chunk protocol on the streams it is given: pass `accept` to `Network.listen`. */
export class ChunkServer {
  readonly #options: ChunkServerOptions;
  readonly #connections = new Set<ServerConnection>();
  readonly #drained: (() => void)[] = [];
  #closing = false;

  constructor(options: ChunkServerOptions) {
    this.#options = options;
  }

  get connections(): number {
    return this.#connections.size;
  }

  readonly accept = (stream: ByteStream): void => {
    const { handler, clock, timers, logger, connectionsMax = LIMITS.dataConnections } = this.#options;
    if (this.#closing || this.#connections.size >= connectionsMax) {
      stream.destroy(new CollectiveError('LIMIT_EXCEEDED', 'The node takes no more connections.'));
      return;
    }
    const connection: ServerConnection = new ServerConnection({
      stream,
      handler,
      clock,
      timers,
      logger,
      onClosed: () => this.#onClosed(connection),
    });
    this.#connections.add(connection);
    connection.start();
  };

  /** Closes those at once whose other end is meant. Returns how many. */
  closeConnections(matches: (peer: PeerCertificate) => boolean, reason: CollectiveError): number {
    const matching = [...this.#connections].filter(({ peer }) => matches(peer));
    for (const connection of matching) connection.destroy(reason);
    return matching.length;
  }

  /** Tells every client, lets what is in flight finish for a while, then closes. */
  async close(graceMs: number, signal: AbortSignal): Promise<void> {
    this.#closing = true;
    const reason = new CollectiveError('UNAVAILABLE', 'The node is stopping.', {
      next: 'Use another copy, or try again in a moment.',
    });
    for (const connection of this.#connections) connection.goAway(reason);
    if (this.#connections.size > 0) {
      const drained = new Promise<void>((resolve) => this.#drained.push(resolve));
      const enough = new AbortController();
      const stop = (): void => enough.abort();
      signal.addEventListener('abort', stop, { once: true });
      const waited = this.#options.timers.sleep(graceMs, enough.signal).catch((error: unknown) => {
        if (!enough.signal.aborted) throw error;
      });
      await Promise.race([drained, waited]);
      enough.abort();
      signal.removeEventListener('abort', stop);
    }
    for (const connection of this.#connections) connection.destroy(reason);
  }

  #onClosed(connection: ServerConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) for (const resolve of this.#drained.splice(0)) resolve();
  }
}

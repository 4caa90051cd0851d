import { ChannelCredentials, credentials } from '@grpc/grpc-js';
import type { Socket } from 'node:net';

type Connector = ReturnType<ChannelCredentials['_createSecureConnector']>;

/**
 * Credentials of one channel whose connection can be given up while it is made. grpc-js lets go of a connection only once it stands:
 * to a host that takes connections and then says nothing, each try would leave one open for as long as that host lives.
 */
export class EndingCredentials extends ChannelCredentials {
  readonly #inner: ChannelCredentials;
  readonly #sockets = new Set<Socket>();
  #ended = false;

  constructor(...options: Parameters<typeof credentials.createFromSecureContext>) {
    super();
    this.#inner = credentials.createFromSecureContext(...options);
  }

  /** Closes what is being made, and what would be made from now on. */
  end(): void {
    this.#ended = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  override _isSecure(): boolean {
    return this.#inner._isSecure();
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(...options: Parameters<ChannelCredentials['_createSecureConnector']>): Connector {
    const inner = this.#inner._createSecureConnector(...options);
    return {
      connect: (socket) => {
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
        if (this.#ended) socket.destroy();
        return inner.connect(socket);
      },
      waitForReady: () => inner.waitForReady(),
      getCallCredentials: () => inner.getCallCredentials(),
      destroy: () => inner.destroy(),
    };
  }
}

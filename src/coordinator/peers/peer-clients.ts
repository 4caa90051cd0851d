import type { MemberId } from '../../base/index.js';
import type { OwnCredentials, PeerPool } from '../../identity/index.js';
import {
  createClient,
  PeerServiceDefinition,
  type RpcChannel,
  type RpcClient,
  type RpcTransport,
} from '../../transport/index.js';

/** One connection to each peer, made when it is first needed. */
export class PeerClients {
  readonly #options: {
    readonly transport: Pick<RpcTransport, 'connectPeer'>;
    readonly credentials: OwnCredentials;
    readonly peers: PeerPool;
  };
  readonly #channels = new Map<MemberId, RpcChannel>();

  constructor(options: {
    readonly transport: Pick<RpcTransport, 'connectPeer'>;
    readonly credentials: OwnCredentials;
    readonly peers: PeerPool;
  }) {
    this.#options = options;
  }

  of(memberId: MemberId): RpcClient<typeof PeerServiceDefinition> {
    const { transport, credentials: own, peers } = this.#options;
    const channel = this.#channels.get(memberId) ?? transport.connectPeer({ own, memberId, peers });
    this.#channels.set(memberId, channel);
    return createClient(PeerServiceDefinition, channel);
  }

  /** Ends what is open with members that are not trusted any more. */
  dropStrangers(): void {
    for (const [memberId, channel] of this.#channels) {
      if (this.#options.peers.of(memberId) !== undefined) continue;
      channel.close();
      this.#channels.delete(memberId);
    }
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
  }
}

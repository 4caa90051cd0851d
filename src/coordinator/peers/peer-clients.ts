import type { MemberId } from '../../base/index.js';
import type { PeerPool } from '../../identity/index.js';
import { createClient, PeerServiceDefinition, type RpcChannel, type RpcClient } from '../../transport/index.js';

/** One connection to each peer, made when it is first needed. */
export class PeerClients {
  readonly #options: {
    /** A channel to its coordinator, which the caller closes. */
    readonly connect: (memberId: MemberId) => RpcChannel;
    readonly peers: PeerPool;
  };
  readonly #channels = new Map<MemberId, RpcChannel>();

  constructor(options: {
    /** A channel to its coordinator, which the caller closes. */
    readonly connect: (memberId: MemberId) => RpcChannel;
    readonly peers: PeerPool;
  }) {
    this.#options = options;
  }

  of(memberId: MemberId): RpcClient<typeof PeerServiceDefinition> {
    const channel = this.#channels.get(memberId) ?? this.#options.connect(memberId);
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

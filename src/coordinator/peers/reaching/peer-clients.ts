import type { MemberId } from '../../../base/index.js';
import type { PeerPool } from '../../../identity/index.js';
import { createClient, PeerServiceDefinition, type RpcChannel, type RpcClient } from '../../../transport/index.js';

type Client = RpcClient<typeof PeerServiceDefinition>;

export interface PeerClientsOptions {
  /** A channel to its coordinator, which the caller closes. */
  readonly connect: (memberId: MemberId) => RpcChannel;
  /** The same one with other ways where dialling does not work. */
  readonly routed: (memberId: MemberId, dialled: RpcChannel) => RpcChannel;
  readonly peers: PeerPool;
}

/** One connection to each peer, made when it is first needed. */
export class PeerClients {
  readonly #options: PeerClientsOptions;
  readonly #channels = new Map<MemberId, RpcChannel>();

  constructor(options: PeerClientsOptions) {
    this.#options = options;
  }

  /** By dialling it, and nothing else. */
  dialled(memberId: MemberId): RpcChannel {
    const channel = this.#channels.get(memberId) ?? this.#options.connect(memberId);
    this.#channels.set(memberId, channel);
    return channel;
  }

  /** For sessions. */
  dialling(memberId: MemberId): Client {
    return createClient(PeerServiceDefinition, this.dialled(memberId));
  }

  /** For everything else. */
  of(memberId: MemberId): Client {
    return createClient(PeerServiceDefinition, this.#options.routed(memberId, this.dialled(memberId)));
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

import type { MemberId } from '../../base/index.js';
import type { RpcChannel } from '../../transport/index.js';
import type { PeerTrust } from '../members/peer-trust.js';

export interface PeerChannelsOptions {
  readonly trust: PeerTrust;
  readonly connect: (memberId: MemberId) => RpcChannel;
}

/** One way to each other member's coordinator, for calls of clients; closed when the member is not admitted any more. */
export class PeerChannels {
  readonly #options: PeerChannelsOptions;
  readonly #channels = new Map<MemberId, RpcChannel>();
  readonly #forget: () => void;

  constructor(options: PeerChannelsOptions) {
    this.#options = options;
    this.#forget = options.trust.onChange(() => {
      for (const [memberId, channel] of this.#channels) {
        if (options.trust.of(memberId) !== undefined) continue;
        this.#channels.delete(memberId);
        channel.close();
      }
    });
  }

  to(memberId: MemberId): RpcChannel {
    const channel = this.#channels.get(memberId) ?? this.#options.connect(memberId);
    this.#channels.set(memberId, channel);
    return channel;
  }

  /** Ends what is open on them. */
  close(): void {
    this.#forget();
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
  }
}

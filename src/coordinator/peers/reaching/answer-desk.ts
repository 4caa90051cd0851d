import { LIMITS, type MemberId, toCollectiveError } from '../../../base/index.js';
import type { Logger } from '../../../ports/index.js';
import type { Answering, RpcChannel } from '../../../transport/index.js';
import type { PeerLink } from '../session/peer-link.js';

/** Takes up calls of peers that cannot dial this coordinator, over the connections that it dialled. */
export class AnswerDesk {
  readonly #logger: Logger;
  readonly #channelOf: (memberId: MemberId) => RpcChannel;
  readonly #open = new Map<MemberId, number>();
  /** Undefined until the services are there. */
  answering: Answering | undefined;

  constructor(channelOf: (memberId: MemberId) => RpcChannel, logger: Logger) {
    this.#channelOf = channelOf;
    this.#logger = logger;
  }

  /** Whoever asks for more than LIMITS.peerAskedCalls at a time is not heard: it knows that bound too. */
  take(link: PeerLink, callId: number): void {
    const { memberId, address: remote, ended: signal } = link;
    const open = this.#open.get(memberId) ?? 0;
    if (this.answering === undefined || open >= LIMITS.peerAskedCalls) {
      this.#logger.debug('a call of a peer is not taken up', { memberId, open });
      return;
    }
    this.#open.set(memberId, open + 1);
    this.answering({ callId, channel: this.#channelOf(memberId), remote, signal })
      .catch((error: unknown) => {
        this.#logger.debug('a call of a peer was not answered to its end', { memberId, error: toCollectiveError(error) });
      })
      .finally(() => {
        const left = (this.#open.get(memberId) ?? 1) - 1;
        if (left > 0) this.#open.set(memberId, left);
        else this.#open.delete(memberId);
      });
  }
}

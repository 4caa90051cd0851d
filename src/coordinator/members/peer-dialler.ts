import { isCollectiveError, type MemberId, toCollectiveError } from '../../base/index.js';
import type { Clock, Hasher, Logger, SignatureVerifier } from '../../ports/index.js';
import { askMember, type OpenOptions, type RpcCall, type RpcChannel, type RpcTransport } from '../../transport/index.js';
import type { CertificateAuthority } from '../certificates/authority.js';
import type { LivePeerTrust } from './live-peer-trust.js';

export interface PeerDiallerOptions {
  readonly authority: CertificateAuthority;
  readonly trust: LivePeerTrust;
  readonly transport: RpcTransport;
  /** `host:port` of a member's enrolment listener, by our copy of its log. */
  readonly enrolmentEndpointsOf: (memberId: MemberId) => Promise<readonly string[]>;
  readonly clock: Clock;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  readonly logger: Logger;
}

const ASKED_AGAIN_MS = 60_000;

/** Channels to coordinators of other members, which follow their members: where they are, and what they are known by. */
export class PeerDialler {
  readonly #options: PeerDiallerOptions;
  readonly #askedMs = new Map<MemberId, number>();

  constructor(options: PeerDiallerOptions) {
    this.#options = options;
  }

  /** Errors of its calls: also PERMISSION_DENIED while the member is not admitted. The caller closes it. */
  readonly connect = (memberId: MemberId): RpcChannel => {
    const { authority, trust, transport } = this.#options;
    const channel = transport.connectPeer({ own: authority.own, memberId, peers: trust });
    return {
      open: async (path: string, options: OpenOptions): Promise<RpcCall> => {
        try {
          return await channel.open(path, options);
        } catch (error) {
          // Nothing was sent yet: it shows a certificate of a CA that is not known here.
          if (!isCollectiveError(error) || error.code !== 'CERTIFICATE_INVALID') throw error;
          if (!(await this.ask(memberId, options.signal))) throw error;
          return channel.open(path, options);
        }
      },
      close: () => channel.close(),
    };
  };

  /**
   * Asks its coordinator for its CAs. True: something else is known of it now. At most once a minute: it may not be the CA that is
   * wrong. Error: CANCELLED.
   */
  async ask(memberId: MemberId, signal: AbortSignal): Promise<boolean> {
    const { trust, enrolmentEndpointsOf, clock, logger } = this.#options;
    const peer = trust.of(memberId);
    const nowMs = clock.monotonicMs();
    if (peer === undefined || nowMs - (this.#askedMs.get(memberId) ?? Number.NEGATIVE_INFINITY) < ASKED_AGAIN_MS) return false;
    this.#askedMs.set(memberId, nowMs);
    try {
      const endpoints = await enrolmentEndpointsOf(memberId);
      const told = await askMember({ peer, endpoints, signal }, this.#options);
      await trust.learn(memberId, { told, endpoints: [] });
      logger.info('a member has told its present CAs', { memberId, name: peer.name });
      return trust.of(memberId) !== peer;
    } catch (error) {
      if (signal.aborted) throw error;
      logger.warn('a member shows a CA that is not known here, and could not be asked for it', {
        memberId,
        error: toCollectiveError(error),
      });
      return false;
    }
  }
}

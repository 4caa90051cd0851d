import { isCollectiveError, LIMITS, type MemberId } from '../../../base/index.js';
import type { PeerMember, PeerPool } from '../../../identity/index.js';
import type { Clock, Timers } from '../../../ports/index.js';
import type { AskedCalls, OpenOptions, RpcCall, RpcChannel } from '../../../transport/index.js';
import type { Links } from '../session/links.js';
import type { PeerLink } from '../session/peer-link.js';

export interface PeerRoutesOptions {
  readonly links: Pick<Links, 'get'>;
  readonly peers: PeerPool;
  readonly asked: AskedCalls;
  readonly clock: Clock;
  readonly timers: Timers;
}

interface InVain {
  readonly untilMs: number;
  /** As it was trusted then: with other endpoints it is another try. */
  readonly member: PeerMember | undefined;
}

/**
 * Ways to peers' coordinators. They are dialled; where that does not work and they hold a session that they dialled, they are
 * asked to take the call up over their connection. So a coordinator that nobody can dial answers whoever it dials itself.
 */
export class PeerRoutes {
  readonly #options: PeerRoutesOptions;
  readonly #inVain = new Map<MemberId, InVain>();

  constructor(options: PeerRoutesOptions) {
    this.#options = options;
  }

  /** Over a channel that dials, which closes with this one. Calls fail as those of that channel do. */
  over(memberId: MemberId, dialled: RpcChannel): RpcChannel {
    return {
      open: (path, options) => this.#open(memberId, dialled, path, options),
      close: () => dialled.close(),
    };
  }

  /** Whether dialling it has failed, as far as is known now. */
  isUndialable(memberId: MemberId): boolean {
    const known = this.#inVain.get(memberId);
    if (known === undefined) return false;
    const { clock, peers } = this.#options;
    if (known.untilMs > clock.monotonicMs() && known.member === peers.of(memberId)) return true;
    this.#inVain.delete(memberId);
    return false;
  }

  /** Nobody was there, or somebody else. */
  dialledInVain(memberId: MemberId): void {
    const { clock, peers } = this.#options;
    this.#inVain.set(memberId, { untilMs: clock.monotonicMs() + LIMITS.peerUndialableMs, member: peers.of(memberId) });
  }

  async #open(memberId: MemberId, dialled: RpcChannel, path: string, options: OpenOptions): Promise<RpcCall> {
    const link = this.#options.links.get(memberId);
    if (link?.takesCalls !== true) return dialled.open(path, options);
    if (!this.isUndialable(memberId)) {
      try {
        return await this.#dial(dialled, path, options);
      } catch (error) {
        if (options.signal.aborted || !isUnreached(error)) throw error;
        this.dialledInVain(memberId);
      }
    }
    return this.#ask(link, path, options);
  }

  /** Not for long: there is another way. */
  async #dial(dialled: RpcChannel, path: string, options: OpenOptions): Promise<RpcCall> {
    const late = new AbortController();
    const timer = this.#options.timers.after(LIMITS.peerDirectMs, () => late.abort());
    try {
      return await dialled.open(path, { ...options, signal: AbortSignal.any([options.signal, late.signal]) });
    } finally {
      timer.cancel();
    }
  }

  #ask(link: PeerLink, path: string, options: OpenOptions): Promise<RpcCall> {
    const { memberId, ended, outbox } = link;
    return this.#options.asked.open({ memberId, ended, ask: (callId) => outbox.ask(callId) }, path, options);
  }
}

/** Nothing was sent yet. CANCELLED: it took too long. */
export const isUnreached = (error: unknown): boolean => isCollectiveError(error) && UNREACHED.has(error.code);

const UNREACHED: ReadonlySet<string> = new Set(['COORDINATOR_UNREACHABLE', 'CERTIFICATE_INVALID', 'CANCELLED']);

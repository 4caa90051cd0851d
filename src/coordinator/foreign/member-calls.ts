import { CollectiveError, LIMITS, type MemberId, toCollectiveError } from '../../base/index.js';
import type { Clock, Logger, Timers } from '../../ports/index.js';
import {
  type CallOptions,
  createClient,
  HoldingServiceDefinition,
  type RpcChannel,
  type RpcClient,
} from '../../transport/index.js';
import { notAdmittedThere } from '../members/not-admitted-there.js';
import type { PeerTrust } from '../members/peer-trust.js';

export type HoldingClient = RpcClient<typeof HoldingServiceDefinition>;

export interface MemberCallsOptions {
  /** A channel to that member's coordinator; closed here. */
  readonly connect: (memberId: MemberId) => RpcChannel;
  readonly trust: PeerTrust;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

interface Link {
  readonly channel: RpcChannel;
  readonly client: HoldingClient;
  failures: number;
  awayUntilMs: number;
  problem: CollectiveError | undefined;
}

/** Failures that say that nobody is there, and not that what was asked is wrong. */
const AWAY: ReadonlySet<string> = new Set([
  'COORDINATOR_UNREACHABLE',
  'DEADLINE_EXCEEDED',
  'UNAVAILABLE',
  'CERTIFICATE_INVALID',
  'NOT_ADMITTED',
]);

/** Calls to the coordinators that keep copies for this member: one connection to each, and none to who did not answer just now. */
export class MemberCalls {
  readonly #options: MemberCallsOptions;
  readonly #links = new Map<MemberId, Link>();
  readonly #forget: () => void;

  constructor(options: MemberCallsOptions) {
    this.#options = options;
    this.#forget = options.trust.onChange(() => {
      for (const [memberId, { channel }] of this.#links) {
        if (options.trust.of(memberId) !== undefined) continue;
        this.#links.delete(memberId);
        channel.close();
      }
    });
  }

  /** Whether it did not answer a moment ago, so that it is not asked now. */
  isAway(memberId: MemberId): boolean {
    return (this.#links.get(memberId)?.awayUntilMs ?? 0) > this.#options.clock.monotonicMs();
  }

  /** Whether it said a moment ago that it does not admit this member. */
  refuses(memberId: MemberId): boolean {
    return this.isAway(memberId) && this.#links.get(memberId)?.problem?.code === 'NOT_ADMITTED';
  }

  /**
   * One call. Errors: those of the call; COORDINATOR_UNREACHABLE at once for a member that did not answer a moment ago or is not
   * admitted, and after `timeoutMs` for one that does not answer now; NOT_ADMITTED for one that does not let this member in.
   */
  async call<Value>(
    memberId: MemberId,
    timeoutMs: number,
    signal: AbortSignal,
    work: (client: HoldingClient, options: CallOptions) => Promise<Value>,
  ): Promise<Value> {
    const { trust, clock, timers, logger } = this.#options;
    const name = trust.of(memberId)?.name ?? memberId.slice(0, 8);
    if (trust.of(memberId) === undefined) throw notTrusted(name);
    const link = this.#link(memberId);
    if (link.problem !== undefined && this.isAway(memberId)) throw away(name, link.problem);
    const deadline = new AbortController();
    const timer = timers.after(timeoutMs, () => {
      deadline.abort(new CollectiveError('DEADLINE_EXCEEDED', `It did not answer within ${timeoutMs / 1000} s.`));
    });
    try {
      const value = await work(link.client, { signal: AbortSignal.any([signal, deadline.signal]), timeoutMs });
      link.failures = 0;
      link.problem = undefined;
      return value;
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      const error = deadline.signal.aborted ? toCollectiveError(deadline.signal.reason) : toCollectiveError(thrown);
      if (!AWAY.has(error.code)) throw error;
      logger.info('another member does not answer', { memberId, member: name, error });
      // Many calls that fail together count once.
      const nowMs = clock.monotonicMs();
      if (link.awayUntilMs <= nowMs) {
        link.awayUntilMs = nowMs + Math.min(LIMITS.memberAwayMaxMs, LIMITS.memberAwayMinMs * 2 ** Math.min(link.failures, 10));
        link.failures += 1;
      }
      link.problem = error;
      throw away(name, error);
    } finally {
      timer.cancel();
    }
  }

  /** It was heard of: whoever asks next need not wait. */
  seen(memberId: MemberId): void {
    const link = this.#links.get(memberId);
    if (link !== undefined) link.awayUntilMs = 0;
  }

  close(): void {
    this.#forget();
    for (const { channel } of this.#links.values()) channel.close();
    this.#links.clear();
  }

  #link(memberId: MemberId): Link {
    const known = this.#links.get(memberId);
    if (known !== undefined) return known;
    const channel = this.#options.connect(memberId);
    const client = createClient(HoldingServiceDefinition, channel);
    const link: Link = { channel, client, failures: 0, awayUntilMs: 0, problem: undefined };
    this.#links.set(memberId, link);
    return link;
  }
}

const notTrusted = (name: string): CollectiveError =>
  new CollectiveError('COORDINATOR_UNREACHABLE', `${name} is not an admitted member now.`, {
    next: 'See why: collective member list',
    details: { member: name },
  });

const away = (name: string, problem: CollectiveError): CollectiveError =>
  notAdmittedThere(name, problem) ??
  new CollectiveError('COORDINATOR_UNREACHABLE', `The coordinator of ${name} does not answer: ${problem.message}`, {
    next: 'See who is connected: collective peer list',
    details: { member: name },
    cause: problem,
  });

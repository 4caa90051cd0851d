import { CollectiveError, LIMITS, type MemberId, toCollectiveError } from '../../../base/index.js';
import { type PeerMember, type PeerPool, standingIn } from '../../../identity/index.js';
import type { Clock, Logger, Random, Timers } from '../../../ports/index.js';
import { jitteredDelayMs } from '../../../sync/index.js';
import { Doorbell } from '../../doorbell.js';
import type { Links } from '../session/links.js';

export interface DiallerOptions {
  readonly own: MemberId;
  readonly peers: PeerPool;
  readonly links: Links;
  /** One session, dialled from here; resolves or rejects when it has ended. `true`: it was taken up. */
  readonly session: (memberId: MemberId, signal: AbortSignal) => Promise<boolean>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** How dialling one member goes. */
export interface DialState {
  /** Why the last try came to nothing; undefined before the first, and while there is a session. */
  readonly reason: CollectiveError | undefined;
  /** When the next one is made; 0: now, or not needed. */
  readonly nextMs: number;
}

/** Whoever answers, though with a refusal, may let this side in any moment: the wait grows no further than this. */
const REFUSED_DELAY_MAX_MS = 5_000;

function mayComeSoon(reason: CollectiveError): boolean {
  const there = standingIn(reason)?.standing;
  return there === undefined ? reason.code === 'PERMISSION_DENIED' : there === 'applied' || there === 'suspended';
}

interface Dialling {
  readonly stop: AbortController;
  /** Something has changed. */
  readonly bell: Doorbell;
  failures: number;
  /** As it was trusted when it was dialled last. */
  member: PeerMember;
  reason: CollectiveError | undefined;
  nextMs: number;
}

/** Dials every trusted member with whom there is no session, again and again, with waits that grow and are never the same. */
export class Dialler {
  readonly #options: DiallerOptions;
  readonly #dialling = new Map<MemberId, Dialling>();
  readonly #loops = new Set<Promise<void>>();

  constructor(options: DiallerOptions) {
    this.#options = options;
  }

  state(memberId: MemberId): DialState {
    const { reason, nextMs } = this.#dialling.get(memberId) ?? { reason: undefined, nextMs: 0 };
    return { reason, nextMs };
  }

  /** Until the signal; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { peers } = this.#options;
    const forget = peers.onChange(() => this.#refresh(signal));
    this.#refresh(signal);
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
    forget();
    for (const { stop } of this.#dialling.values()) stop.abort();
    await Promise.all(this.#loops);
  }

  /** A session with it has begun or ended. */
  changed(memberId: MemberId): void {
    this.#dialling.get(memberId)?.bell.ring();
  }

  #refresh(signal: AbortSignal): void {
    if (signal.aborted) return;
    const { peers } = this.#options;
    for (const [memberId, { stop }] of this.#dialling) {
      if (peers.of(memberId) !== undefined) continue;
      stop.abort();
      this.#dialling.delete(memberId);
    }
    for (const member of peers.all()) {
      const known = this.#dialling.get(member.memberId);
      if (known === undefined) this.#begin(member);
      else if (known.member !== member) {
        known.member = member;
        known.failures = 0;
        known.bell.ring();
      }
    }
  }

  #begin(member: PeerMember): void {
    const { memberId } = member;
    const dialling: Dialling = {
      stop: new AbortController(),
      bell: new Doorbell(),
      failures: 0,
      member,
      reason: undefined,
      nextMs: 0,
    };
    this.#dialling.set(memberId, dialling);
    const loop = this.#loop(memberId, dialling)
      .catch((error: unknown) => {
        this.#options.logger.error('dialling a member has ended', { memberId, error: toCollectiveError(error) });
      })
      .finally(() => this.#loops.delete(loop));
    this.#loops.add(loop);
  }

  async #loop(memberId: MemberId, dialling: Dialling): Promise<void> {
    const { own, links, random, logger, clock } = this.#options;
    const { signal } = dialling.stop;
    if (own > memberId) await this.#wait(dialling, LIMITS.peerDialSecondMs * (0.5 + random.fraction() / 2));
    while (!signal.aborted) {
      if (links.get(memberId) !== undefined) {
        dialling.reason = undefined;
        dialling.nextMs = 0;
        const sinceMs = clock.monotonicMs();
        await this.#wait(dialling, undefined);
        if (clock.monotonicMs() - sinceMs > LIMITS.peerHelloMs) dialling.failures = 0;
        await this.#wait(dialling, random.fraction() * LIMITS.peerDialDelayMinMs);
        continue;
      }
      const reason = await this.#dial(memberId, dialling);
      if (signal.aborted) return;
      if (links.get(memberId) !== undefined) continue;
      dialling.failures += 1;
      // Somebody who is away for days is told of once.
      if (dialling.reason?.message === reason.message) logger.debug('no session with a member', { memberId, reason });
      else logger.info('no session with a member; trying again until there is one', { memberId, reason });
      dialling.reason = reason;
      const { peerDialDelayMinMs: minMs, peerDialDelayMaxMs } = LIMITS;
      const maxMs = mayComeSoon(reason) ? REFUSED_DELAY_MAX_MS : peerDialDelayMaxMs;
      const delayMs = jitteredDelayMs(dialling.failures, random.fraction(), { minMs, maxMs });
      dialling.nextMs = clock.nowMs() + delayMs;
      await this.#wait(dialling, delayMs);
      dialling.nextMs = 0;
    }
  }

  /** Why there is no session now. */
  async #dial(memberId: MemberId, dialling: Dialling): Promise<CollectiveError> {
    const { session, clock } = this.#options;
    const sinceMs = clock.monotonicMs();
    try {
      const taken = await session(memberId, dialling.stop.signal);
      if (taken && clock.monotonicMs() - sinceMs > LIMITS.peerHelloMs) dialling.failures = 0;
      return new CollectiveError('UNAVAILABLE', 'The session was ended.');
    } catch (error) {
      return toCollectiveError(error, 'UNAVAILABLE');
    }
  }

  /** Undefined: until something changes. What has changed while it dialled was known to it. */
  #wait({ bell, stop }: Dialling, timeoutMs: number | undefined): Promise<void> {
    bell.answer();
    return bell.wait(stop.signal, timeoutMs === undefined ? undefined : { timers: this.#options.timers, timeoutMs });
  }
}

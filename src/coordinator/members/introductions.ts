import { LIMITS, type MemberId, toCollectiveError } from '../../base/index.js';
import { decideIntroduction } from '../../domain/index.js';
import type { Hasher, Logger, SignatureVerifier, Timers } from '../../ports/index.js';
import type { PeerRow, ViewHost } from '../../projections/index.js';
import type { CommandLoop } from '../commands/command-loop.js';
import { openMemberCard } from './member-card.js';
import type { OtherLogs } from './other-logs.js';
import type { PeerTrust } from './peer-trust.js';

export interface IntroductionsOptions {
  readonly policy: 'admit' | 'ask';
  readonly ownId: MemberId;
  readonly trust: PeerTrust;
  readonly logs: OtherLogs;
  readonly views: ViewHost;
  readonly commands: CommandLoop;
  readonly onChanged: () => Promise<void>;
  readonly timers: Timers;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  readonly logger: Logger;
}

/** What could not be done, such as because the log waited for its witnesses, is done then. */
const LOOK_AGAIN_MS = 30_000;

interface Introduction {
  readonly memberId: MemberId;
  readonly row: PeerRow;
  readonly introducedBy: MemberId;
}

/** Meets whom admitted members have admitted, by their logs. */
export class Introductions {
  readonly #options: IntroductionsOptions;
  /** Whose facts do not hold; told once. */
  readonly #false = new Set<MemberId>();
  #wake: () => void = () => undefined;

  constructor(options: IntroductionsOptions) {
    this.#options = options;
  }

  /** Until the signal. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { trust, logs, logger } = this.#options;
    const forget = [trust.onChange(() => this.#wake()), logs.onApplied((origin) => trust.of(origin) && this.#wake())];
    try {
      while (!signal.aborted) {
        const woken = this.#nextWake(signal);
        try {
          await this.look();
        } catch (error) {
          if (!signal.aborted) logger.warn('introductions could not be recorded yet', { error: toCollectiveError(error) });
        }
        await woken;
      }
    } finally {
      for (const stop of forget) stop();
    }
  }

  /** Once over everybody's log. */
  async look(): Promise<void> {
    const { trust } = this.#options;
    for (const { memberId } of trust.all()) {
      for (const introduction of await this.#of(memberId)) await this.#meet(introduction);
    }
  }

  async #of(introducedBy: MemberId): Promise<readonly Introduction[]> {
    const { logs, views, ownId } = this.#options;
    const rows = await logs.read(introducedBy, ({ peers }) => peers.all().filter(([, { state }]) => state === 'admitted'));
    if (rows === undefined || rows.length === 0) return [];
    const known = await views.run(({ peers }) => new Map(peers.all()));
    return rows
      .filter(([memberId]) => memberId !== ownId && !known.has(memberId) && !this.#false.has(memberId))
      .slice(0, roomFor(introducedBy, known))
      .map(([memberId, row]) => ({ memberId, row, introducedBy }));
  }

  async #meet({ memberId, row, introducedBy }: Introduction): Promise<void> {
    const { commands, policy, onChanged, logger } = this.#options;
    const { name, endpoints, identityPublicKey, caCertificate, caEndorsement } = row;
    const cas = [{ certificate: caCertificate, endorsement: caEndorsement, acceptedUntilMs: 0 }];
    const trust = { identityPublicKey, cas };
    const card = { memberId, name, trust, endpoints: [...endpoints], coordinatorCertificate: new Uint8Array() };
    let facts: ReturnType<typeof openMemberCard>['facts'];
    try {
      ({ facts } = openMemberCard(card, this.#options));
    } catch (error) {
      this.#false.add(memberId);
      logger.warn('a member was introduced by facts that do not hold', {
        memberId,
        introducedBy,
        error: toCollectiveError(error),
      });
      return;
    }
    const met = await commands.submit({
      actor: 'coordinator',
      request: undefined,
      decide: (views) => decideIntroduction({ facts, name, introducedBy, policy }, views),
      answer: (events) => events.length > 0,
    });
    if (!met) return;
    logger.info('a member was introduced', { memberId, name, introducedBy, policy });
    await onChanged();
  }

  #nextWake(signal: AbortSignal): Promise<void> {
    const waiting = new AbortController();
    this.#wake = () => waiting.abort();
    // Ended by whichever comes first; none of them is a failure.
    return this.#options.timers.sleep(LOOK_AGAIN_MS, AbortSignal.any([signal, waiting.signal])).catch(() => undefined);
  }
}

/** How many more this member can introduce: to look at all whom it names again and again would be work without an end. */
function roomFor(introducedBy: MemberId, known: ReadonlyMap<MemberId, PeerRow>): number {
  const rows = [...known.values()];
  const introduced = rows.filter((row) => row.introducedBy === introducedBy).length;
  const present = rows.filter(({ state }) => state === 'admitted' || state === 'suspended').length;
  return Math.max(0, Math.min(LIMITS.introductionsPerMember - introduced, LIMITS.membersAdmitted - present));
}

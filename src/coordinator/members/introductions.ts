import { LIMITS, type MemberId, toCollectiveError } from '../../base/index.js';
import { broughtInAlready, decideIntroduction } from '../../domain/index.js';
import type { RecordedEvent } from '../../events/index.js';
import type { Hasher, Logger, SignatureVerifier, Timers } from '../../ports/index.js';
import type { PeerRow, ViewHost } from '../../projections/index.js';
import { Doorbell } from '../doorbell.js';
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

const admits = ({ envelope: { type } }: RecordedEvent): boolean => type === 'MemberAdmitted' || type === 'MemberReinstated';

/** Meets whom admitted members have admitted, by their logs. */
export class Introductions {
  readonly #options: IntroductionsOptions;
  /** Whose facts do not hold, by who says them: told once, and no obstacle to what others say of the same. */
  readonly #false = new Set<`${MemberId} ${MemberId}`>();
  /** Whose logs may name somebody new. */
  readonly #due = new Set<MemberId>();
  #trusted: ReadonlySet<MemberId> = new Set();
  readonly #bell = new Doorbell();

  constructor(options: IntroductionsOptions) {
    this.#options = options;
  }

  /** Until the signal. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { trust, logs, timers, logger } = this.#options;
    const forget = [
      trust.onChange(() => this.#trustChanged()),
      logs.onApplied((origin, events) => {
        if (events.some(admits)) this.#isDue(origin);
      }),
    ];
    this.#trustChanged();
    try {
      while (!signal.aborted) {
        this.#bell.answer();
        try {
          await this.#look();
        } catch (error) {
          if (!signal.aborted) logger.warn('introductions could not be recorded yet', { error: toCollectiveError(error) });
        }
        // Where some still are due, not for long.
        await this.#bell.wait(signal, this.#due.size === 0 ? undefined : { timers, timeoutMs: LOOK_AGAIN_MS });
      }
    } finally {
      for (const stop of forget) stop();
    }
  }

  /** Whoever is trusted from now on may have named somebody before. */
  #trustChanged(): void {
    const before = this.#trusted;
    this.#trusted = new Set(this.#options.trust.all().map(({ memberId }) => memberId));
    for (const memberId of this.#trusted) if (!before.has(memberId)) this.#isDue(memberId);
  }

  #isDue(memberId: MemberId): void {
    this.#due.add(memberId);
    this.#bell.ring();
  }

  /** Once over every log that is due; it stays so until all whom it names are met. */
  async #look(): Promise<void> {
    const due = [...this.#due];
    for (const memberId of due) {
      this.#due.delete(memberId);
      if (!this.#trusted.has(memberId)) continue;
      try {
        const { introductions, room } = await this.#of(memberId);
        for (const introduction of introductions.slice(0, room)) await this.#meet(introduction);
        if (introductions.length > room) this.#due.add(memberId);
      } catch (error) {
        this.#due.add(memberId);
        throw error;
      }
    }
  }

  async #of(introducedBy: MemberId): Promise<{ readonly introductions: readonly Introduction[]; readonly room: number }> {
    const { logs, views, ownId } = this.#options;
    const rows = await logs.read(introducedBy, ({ peers }) => peers.all().filter(([, { state }]) => state === 'admitted'));
    if (rows === undefined || rows.length === 0) return { introductions: [], room: 0 };
    const known = await views.run(({ peers }) => new Map(peers.all()));
    const introductions = rows
      .filter(([memberId]) => memberId !== ownId && !known.has(memberId) && !this.#false.has(`${introducedBy} ${memberId}`))
      .map(([memberId, row]) => ({ memberId, row, introducedBy }));
    return { introductions, room: roomFor(introducedBy, known) };
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
      this.#false.add(`${introducedBy} ${memberId}`);
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
}

/** How many more this member can introduce: to look at all whom it names again and again would be work without an end. */
function roomFor(introducedBy: MemberId, known: ReadonlyMap<MemberId, PeerRow>): number {
  const rows = [...known.values()];
  const introduced = broughtInAlready(introducedBy, known);
  const present = rows.filter(({ state }) => state === 'admitted' || state === 'suspended').length;
  return Math.max(0, Math.min(LIMITS.introductionsPerMember - introduced, LIMITS.membersAdmitted - present));
}

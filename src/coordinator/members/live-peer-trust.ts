import { equalBytes, LIMITS, type MemberId } from '../../base/index.js';
import { Allowances } from '../../domain/index.js';
import { isEndpoint, type MemberOutside, type Standing } from '../../identity/index.js';
import type { Clock, Hasher, Logger, SignatureVerifier } from '../../ports/index.js';
import type { PeerTrust, TrustedMember } from './peer-trust.js';
import { type AdmittedMember, type LaterWord, trustedMember } from './trusted-member.js';

export interface LivePeerTrustOptions {
  /** Members that are admitted and not suspended, by the own log. */
  readonly admitted: () => Promise<readonly AdmittedMember[]>;
  /** Members that are known and not admitted now, by the own log. */
  readonly outside: () => Promise<readonly OutsideMember[]>;
  /** What the copy of a member's own log says, if there is one. */
  readonly inItsLog: (memberId: MemberId) => Promise<LaterWord | undefined>;
  readonly clock: Clock;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  readonly logger: Logger;
}

interface Known {
  readonly admitted: AdmittedMember;
  readonly member: TrustedMember;
  /** Of everything that the member was put together from. */
  readonly content: string;
}

/** One that is known and not admitted now. */
export interface OutsideMember {
  readonly onRecord: AdmittedMember;
  readonly standing: Standing;
  readonly sinceMs: number;
}

interface Outside extends OutsideMember {
  readonly inItsLog: LaterWord | undefined;
}

/** Keeps up with the logs: told by `refresh` that they have changed. */
export class LivePeerTrust implements PeerTrust {
  readonly #options: LivePeerTrustOptions;
  readonly #listeners = new Set<() => void>();
  readonly #learned = new Map<MemberId, LaterWord>();
  readonly #places = new Map<MemberId, readonly string[]>();
  readonly #moves = new Allowances({ most: LIMITS.peerPlacesAtOnce, periodMs: LIMITS.peerPlacesAtOnce * 60_000 });
  readonly #doubters = new Set<(memberId: MemberId) => void>();
  #known: ReadonlyMap<MemberId, Known> = new Map();
  #outside: ReadonlyMap<MemberId, Outside> = new Map();
  #refreshing: Promise<void> = Promise.resolve();

  private constructor(options: LivePeerTrustOptions) {
    this.#options = options;
  }

  static async open(options: LivePeerTrustOptions): Promise<LivePeerTrust> {
    const trust = new LivePeerTrust(options);
    await trust.refresh();
    return trust;
  }

  of(memberId: MemberId): TrustedMember | undefined {
    return this.#known.get(memberId)?.member;
  }

  byName(name: string): TrustedMember | undefined {
    return this.all().find((member) => member.name === name);
  }

  all(): readonly TrustedMember[] {
    return Array.from(this.#known.values(), ({ member }) => member);
  }

  /** Put together when somebody comes with its name: there may be many, who seldom come. */
  outside(memberId: MemberId): MemberOutside | undefined {
    const found = this.#outside.get(memberId);
    if (found === undefined) return undefined;
    const { onRecord, inItsLog, standing, sinceMs } = found;
    const member = trustedMember(onRecord, inItsLog === undefined ? [] : [inItsLog], [], this.#options);
    return member === undefined
      ? undefined
      : { memberId, ca: member.ca, previousCas: member.previousCas ?? [], standing, sinceMs };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  doubt(memberId: MemberId): void {
    for (const listener of this.#doubters) listener(memberId);
  }

  /** Told whenever somebody with a member's name was refused; must not throw. Returns what ends that. */
  onDoubt(listener: (memberId: MemberId) => void): () => void {
    this.#doubters.add(listener);
    return () => {
      this.#doubters.delete(listener);
    };
  }

  /** What a member's coordinator said of itself when it was asked; held against the endorsements like all else. */
  async learn(memberId: MemberId, word: LaterWord): Promise<void> {
    this.#learned.set(memberId, word);
    await this.refreshOf(memberId);
  }

  /** Where a member's coordinator, which is connected, says that it can be dialled. */
  async learnPlace(memberId: MemberId, endpoints: readonly string[]): Promise<void> {
    if (endpoints.length > LIMITS.endpointsPerDaemon || !endpoints.every(isEndpoint)) return;
    const known = this.#places.get(memberId);
    if (known?.length === endpoints.length && known.every((endpoint, index) => endpoint === endpoints[index])) return;
    // Each move makes connections anew. Where it says more of them than anybody moves, its log has the last word.
    if (!this.#moves.take(memberId, 1, this.#options.clock.monotonicMs())) return;
    this.#places.set(memberId, endpoints);
    await this.refreshOf(memberId);
  }

  /** The own log has changed: who is admitted. */
  refresh(): Promise<void> {
    return this.#inTurn(async () => {
      const admitted = await this.#options.admitted();
      const outside = await this.#options.outside();
      this.#outside = new Map(
        await Promise.all(
          outside.map(async (each) => {
            const { memberId } = each.onRecord;
            return [memberId, { ...each, inItsLog: await this.#options.inItsLog(memberId) }] as const;
          }),
        ),
      );
      const known = new Map<MemberId, Known>();
      for (const each of admitted) {
        const present = await this.#look(each);
        if (present !== undefined) known.set(each.memberId, present);
      }
      for (const said of [this.#learned, this.#places]) {
        for (const memberId of said.keys()) if (!known.has(memberId)) said.delete(memberId);
      }
      this.#become(known);
    });
  }

  /** The copy of that member's log has grown. */
  refreshOf(memberId: MemberId): Promise<void> {
    return this.#inTurn(async () => {
      const before = this.#known.get(memberId);
      if (before === undefined) return;
      const present = await this.#look(before.admitted);
      if (present === before || present === undefined) return;
      this.#become(new Map(this.#known).set(memberId, present));
    });
  }

  async #look(admitted: AdmittedMember): Promise<Known | undefined> {
    const { memberId } = admitted;
    const inItsLog = await this.#options.inItsLog(memberId);
    const later = [this.#learned.get(memberId), inItsLog].filter((word) => word !== undefined);
    const place = this.#places.get(memberId) ?? [];
    const content = contentOf(admitted, later, place, this.#options.hasher);
    const before = this.#known.get(memberId);
    if (before?.content === content) return before;
    const member = trustedMember(admitted, later, place, this.#options);
    // Who says again what is known is no news: whoever listens would do all over again what it did for this member.
    if (member !== undefined)
      return { admitted, member: before !== undefined && isSame(before.member, member) ? before.member : member, content };
    this.#options.logger.error('what is on record of a member does not hold, so it is not trusted', { memberId });
    return undefined;
  }

  #become(known: ReadonlyMap<MemberId, Known>): void {
    const before = this.#known;
    const same =
      known.size === before.size && [...known].every(([memberId, { member }]) => before.get(memberId)?.member === member);
    this.#known = known;
    if (same) return;
    for (const listener of this.#listeners) listener();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#refreshing.then(work);
    // Whoever asked for it is told; the next one goes on all the same.
    this.#refreshing = done.catch(() => undefined);
    return done;
  }
}

function isSame(left: TrustedMember, right: TrustedMember): boolean {
  return (
    left.name === right.name &&
    equalBytes(left.identityPublicKey, right.identityPublicKey) &&
    left.endpoints.length === right.endpoints.length &&
    left.endpoints.every((endpoint, index) => endpoint === right.endpoints[index]) &&
    left.cas.length === right.cas.length &&
    left.cas.every(({ certificate, endorsement, acceptedUntilMs }, index) => {
      const other = right.cas[index];
      return (
        other?.acceptedUntilMs === acceptedUntilMs &&
        equalBytes(other.certificate, certificate) &&
        equalBytes(other.endorsement, endorsement)
      );
    })
  );
}

function contentOf(admitted: AdmittedMember, later: readonly LaterWord[], place: readonly string[], hasher: Hasher): string {
  const words = [admitted, ...later].map(({ told, endpoints }) => [
    endpoints,
    told.cas.map(({ certificate, acceptedUntilMs }) => [
      Buffer.from(hasher.sha256(certificate)).toString('hex'),
      acceptedUntilMs,
    ]),
  ]);
  return JSON.stringify([admitted.name, words, place]);
}

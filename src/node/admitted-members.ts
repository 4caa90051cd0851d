import { CollectiveError, fromHex, isClientId, isMemberId, LIMITS, type MemberId, toHex } from '../base/index.js';
import { acceptTrust, type PeerMember, type PeerPool, type ToldTrust } from '../identity/index.js';
import type { Hasher, SignatureVerifier } from '../ports/index.js';
import type { AdmittedMember } from '../transport/index.js';

/** One of them, as it is kept in a file: bytes in hex. */
interface KeptMember {
  readonly memberId: string;
  readonly identityPublicKey: string;
  readonly cas: readonly { readonly certificate: string; readonly endorsement: string; readonly acceptedUntilMs: number }[];
  readonly revokedClients: readonly string[];
}

interface Known extends PeerMember {
  readonly told: ToldTrust;
  readonly revokedClients: ReadonlySet<string>;
}

interface Ports {
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
}

/** Other members whose clients may show tickets, by the word of the own coordinator, each by CAs that its identity key endorsed. */
export class AdmittedMembers implements Pick<PeerPool, 'of' | 'all'> {
  readonly #known: ReadonlyMap<MemberId, Known>;

  private constructor(known: readonly Known[]) {
    this.#known = new Map(known.map((member) => [member.memberId, member]));
  }

  static readonly none = new AdmittedMembers([]);

  /** Errors: PROTOCOL_ERROR for what makes no sense; CERTIFICATE_INVALID for CAs that are not that member's. */
  static told(members: readonly AdmittedMember[], ports: Ports): AdmittedMembers {
    if (members.length > LIMITS.membersTold) throw senseless('too many of them');
    return new AdmittedMembers(
      members.map(({ memberId, trust, revokedClientIds }) => {
        if (trust === undefined) throw senseless('one without a CA');
        return opened(memberId, trust, revokedClientIds, ports);
      }),
    );
  }

  /** What `kept` gave. Errors: as `told`. */
  static read(value: unknown, ports: Ports): AdmittedMembers {
    if (!Array.isArray(value) || value.length > LIMITS.membersTold) throw senseless('no list');
    return new AdmittedMembers(
      value.map((each: unknown) => {
        if (!isKept(each)) throw senseless('one that is malformed');
        const cas = each.cas.map(({ certificate, endorsement, acceptedUntilMs }) => ({
          certificate: bytesOf(certificate),
          endorsement: bytesOf(endorsement),
          acceptedUntilMs,
        }));
        const told = { identityPublicKey: bytesOf(each.identityPublicKey), cas };
        return opened(each.memberId, told, each.revokedClients, ports);
      }),
    );
  }

  of(memberId: MemberId): PeerMember | undefined {
    return this.#known.get(memberId);
  }

  all(): readonly PeerMember[] {
    return [...this.#known.values()];
  }

  isRevoked(memberId: MemberId, clientId: string): boolean {
    return this.#known.get(memberId)?.revokedClients.has(clientId) === true;
  }

  /** Plain data, to keep as JSON. */
  kept(): readonly KeptMember[] {
    return Array.from(this.#known.values(), ({ memberId, told, revokedClients }) => ({
      memberId,
      identityPublicKey: toHex(told.identityPublicKey),
      cas: told.cas.map(({ certificate, endorsement, acceptedUntilMs }) => ({
        certificate: toHex(certificate),
        endorsement: toHex(endorsement),
        acceptedUntilMs,
      })),
      revokedClients: [...revokedClients],
    }));
  }
}

function opened(memberId: string, trust: ToldTrust, revoked: readonly string[], ports: Ports): Known {
  if (!isMemberId(memberId)) throw senseless('one that is no member');
  if (trust.cas.length > LIMITS.casTold) throw senseless('too many CAs');
  if (revoked.length > LIMITS.revocationsListed || !revoked.every(isClientId)) throw senseless('revoked clients that are none');
  // Copies: the message that they came in is larger than they are.
  const told: ToldTrust = {
    identityPublicKey: trust.identityPublicKey.slice(),
    cas: trust.cas.map(({ certificate, endorsement, acceptedUntilMs }) => ({
      certificate: certificate.slice(),
      endorsement: endorsement.slice(),
      acceptedUntilMs,
    })),
  };
  const accepted = acceptTrust(told, { memberId }, ports);
  if (!accepted.ok) throw accepted.error;
  return { memberId, ...accepted.value, endpoints: [], told, revokedClients: new Set(revoked) };
}

function isKept(value: unknown): value is KeptMember {
  if (typeof value !== 'object' || value === null) return false;
  const { memberId, identityPublicKey, cas, revokedClients }: Partial<Record<keyof KeptMember, unknown>> = value;
  if (typeof memberId !== 'string' || typeof identityPublicKey !== 'string') return false;
  if (!Array.isArray(cas) || !Array.isArray(revokedClients)) return false;
  return cas.every(isKeptCa) && revokedClients.every((id: unknown) => typeof id === 'string');
}

function isKeptCa(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { certificate, endorsement, acceptedUntilMs }: Partial<Record<keyof KeptMember['cas'][number], unknown>> = value;
  return typeof certificate === 'string' && typeof endorsement === 'string' && typeof acceptedUntilMs === 'number';
}

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === undefined) throw senseless('bytes that are none');
  return bytes;
}

const senseless = (what: string): CollectiveError =>
  new CollectiveError('PROTOCOL_ERROR', `The members whose clients may come are not what they should be: ${what}.`);

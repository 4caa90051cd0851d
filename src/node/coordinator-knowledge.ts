import {
  CollectiveError,
  fail,
  fromHex,
  fromUtf8,
  isClientId,
  LIMITS,
  type Result,
  toHex,
  utf8,
  type ClientId,
  type MemberId,
} from '../base/index.js';
import {
  isEd25519PublicKey,
  memberNamedIn,
  type OwnCredentials,
  type PeerIdentity,
  publicKeyOf,
  type PublicKey,
  verifyMemberLeaf,
  verifyPooledLeaf,
} from '../identity/index.js';
import type { Hasher, Logger, SignatureVerifier } from '../ports/index.js';
import type { SessionTrust, SessionWelcome } from '../transport/index.js';
import { AdmittedMembers } from './admitted-members.js';
import type { SmallFile } from './node-options.js';

interface Known {
  readonly ticketKeys: readonly PublicKey[];
  readonly revocationPosition: number;
  readonly revokedClients: ReadonlySet<string>;
  readonly admitted: AdmittedMembers;
}

const FORMAT_VERSION = 1;
const NOTHING: Known = { ticketKeys: [], revocationPosition: 0, revokedClients: new Set(), admitted: AdmittedMembers.none };

/**
 * What the coordinator told this node, kept across restarts: a node that comes up alone serves who has a ticket. Kept as JSON
 * `{version, memberId, ticketPublicKeys (SPKI DER, hex), revocationPosition, revokedClients (ids), admitted (see AdmittedMembers)}`.
 */
export class CoordinatorKnowledge {
  readonly memberId: MemberId;
  readonly #file: SmallFile;
  readonly #hasher: Hasher;
  readonly #verifier: SignatureVerifier;
  readonly #logger: Logger;
  readonly #listeners = new Set<() => void>();
  #known: Known = NOTHING;

  constructor(options: {
    readonly memberId: MemberId;
    readonly file: SmallFile;
    readonly hasher: Hasher;
    readonly verifier: SignatureVerifier;
    readonly logger: Logger;
  }) {
    this.memberId = options.memberId;
    this.#file = options.file;
    this.#hasher = options.hasher;
    this.#verifier = options.verifier;
    this.#logger = options.logger;
  }

  /** Keys whose tickets are honoured; none before the first session ever. */
  get ticketKeys(): readonly PublicKey[] {
    return this.#known.ticketKeys;
  }

  /** Position in the member's log that the knowledge of revocations stands at. */
  get revocationPosition(): number {
    return this.#known.revocationPosition;
  }

  /** Whether the member has taken back every certificate of this client. */
  isRevoked(clientId: ClientId): boolean {
    return this.#known.revokedClients.has(clientId);
  }

  /** Other members whose clients may come. */
  get admitted(): AdmittedMembers {
    return this.#known.admitted;
  }

  /** Told when it may have changed who may come. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /**
   * The client, or node that fetches, that a leaf (DER) speaks for: of the own member or of an admitted one, each by its own CAs. Errors:
   * CERTIFICATE_INVALID, CERTIFICATE_REVOKED, PERMISSION_DENIED.
   */
  verifyClient(leaf: Uint8Array, own: OwnCredentials, nowMs: number): Result<PeerIdentity, CollectiveError> {
    const check = { nowMs, roles: ['client', 'node'] } as const;
    const byOwn = verifyMemberLeaf(leaf, own, check);
    const named = memberNamedIn(leaf);
    const { admitted } = this.#known;
    const verified = !byOwn.ok && named !== undefined && named !== own.memberId ? verifyPooledLeaf(leaf, admitted, check) : byOwn;
    if (!verified.ok || verified.value.role !== 'client') return verified;
    const { memberId, clientId } = verified.value;
    const revoked = memberId === own.memberId ? this.isRevoked(clientId) : admitted.isRevoked(memberId, clientId);
    return revoked ? fail(revokedClient(clientId)) : verified;
  }

  /** A file that cannot be used is only forgotten knowledge: the next session brings it back. */
  async load(): Promise<void> {
    try {
      const bytes = await this.#file.read();
      if (bytes === undefined) return;
      this.#known = this.#decode(bytes);
    } catch (error) {
      this.#logger.warn('what the coordinator said before is lost; it is asked again', { error });
    }
  }

  /** Errors: PROTOCOL_ERROR for a welcome that is not the own coordinator's, or makes no sense. */
  async learn(welcome: SessionWelcome): Promise<void> {
    if (welcome.memberId !== this.memberId) {
      throw new CollectiveError(
        'PROTOCOL_ERROR',
        `The coordinator speaks for another member (${welcome.memberId.slice(0, 60)}).`,
      );
    }
    // Who is revoked is told right after the welcome; until then those count that are known.
    const { revocationPosition, revokedClients, admitted } = this.#known;
    await this.#keep(this.#checked(welcome.ticketPublicKeys, revocationPosition, [...revokedClients], admitted));
  }

  /** Errors: PROTOCOL_ERROR for what makes no sense. */
  async learnTrust(trust: SessionTrust): Promise<void> {
    const admitted = AdmittedMembers.told(trust.admitted, { hasher: this.#hasher, verifier: this.#verifier });
    await this.#keep(this.#checked(trust.ticketPublicKeys, trust.revocationPosition, trust.revokedClientIds, admitted));
  }

  async #keep(known: Known): Promise<void> {
    const before = this.#encode(this.#known);
    const after = this.#encode(known);
    this.#known = known;
    if (before === after) return;
    for (const listener of this.#listeners) listener();
    try {
      await this.#file.write(utf8(after));
    } catch (error) {
      // It is known all the same; only a restart without the coordinator would miss it.
      this.#logger.warn('what the coordinator said could not be kept', { error });
    }
  }

  #checked(
    publicKeys: readonly Uint8Array[],
    revocationPosition: number,
    revokedClients: readonly string[],
    admitted: AdmittedMembers,
  ): Known {
    if (publicKeys.length === 0 || publicKeys.length > LIMITS.ticketKeys || !publicKeys.every(isEd25519PublicKey)) {
      throw new CollectiveError('PROTOCOL_ERROR', 'The keys for tickets are not Ed25519 keys, or too few or many.');
    }
    // Copies: the message that they came in is larger than they are.
    const ticketKeys = publicKeys.map((publicKey) => publicKeyOf(publicKey.slice(), this.#hasher));
    if (revokedClients.length > LIMITS.revocationsListed || !revokedClients.every(isClientId)) {
      throw new CollectiveError('PROTOCOL_ERROR', 'The clients that were revoked are none, or too many.');
    }
    return { ticketKeys, revocationPosition, revokedClients: new Set(revokedClients), admitted };
  }

  #encode({ ticketKeys, revocationPosition, revokedClients, admitted }: Known): string {
    const ticketPublicKeys = ticketKeys.map(({ publicKey }) => toHex(publicKey));
    const { memberId } = this;
    const known = {
      version: FORMAT_VERSION,
      memberId,
      ticketPublicKeys,
      revocationPosition,
      revokedClients: [...revokedClients],
      admitted: admitted.kept(),
    };
    return `${JSON.stringify(known)}\n`;
  }

  #decode(bytes: Uint8Array): Known {
    const unusable = new CollectiveError('DATA_FORMAT_UNSUPPORTED', 'The file of what the coordinator said cannot be used.');
    const value: unknown = JSON.parse(fromUtf8(bytes) ?? '');
    if (typeof value !== 'object' || value === null) throw unusable;
    const fields: Partial<Record<string, unknown>> = { revokedClients: [], admitted: [], ...value };
    const { version, memberId, ticketPublicKeys, revocationPosition, revokedClients, admitted } = fields;
    if (version !== FORMAT_VERSION || memberId !== this.memberId || !Array.isArray(ticketPublicKeys)) throw unusable;
    if (!Array.isArray(revokedClients)) throw unusable;
    if (typeof revocationPosition !== 'number' || !Number.isSafeInteger(revocationPosition)) throw unusable;
    const keys = ticketPublicKeys.map((text: unknown) => (typeof text === 'string' ? fromHex(text) : undefined));
    return this.#checked(
      keys.map((key) => key ?? new Uint8Array()),
      revocationPosition,
      revokedClients.map((id: unknown) => (typeof id === 'string' ? id : '')),
      AdmittedMembers.read(admitted, { hasher: this.#hasher, verifier: this.#verifier }),
    );
  }
}

const revokedClient = (clientId: ClientId): CollectiveError =>
  new CollectiveError('CERTIFICATE_REVOKED', `The certificates of client ${clientId} were revoked.`, {
    next: 'Ask for a new invite, and use it with: collective login',
    details: { role: 'client', id: clientId },
  });

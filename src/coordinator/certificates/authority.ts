import { assert, CollectiveError, LIMITS, type MemberId } from '../../base/index.js';
import type { CertificateIssued } from '../../events/index.js';
import {
  type CredentialSet,
  issueLeaf,
  type KeyPair,
  leafValidity,
  LiveCredentials,
  openCa,
  type PeerIdentity,
  type PeerName,
  type PreviousCa,
  type TrustedCa,
  verifyLeaf,
} from '../../identity/index.js';
import type { Clock, Random } from '../../ports/index.js';
import type { MemberRow, ViewHost } from '../../projections/index.js';
import type { MemberTrust } from '../../transport/index.js';
import { certificateIssued } from '../member/certificate-issued.js';
import type { MemberMaterial } from '../member/member-files.js';

export interface AuthorityOptions {
  readonly material: MemberMaterial;
  readonly views: ViewHost;
  readonly lifeMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** A leaf (DER), and the event that puts it on record. */
export interface IssuedLeaf {
  readonly leaf: Uint8Array;
  readonly certificate: CertificateIssued;
}

/** The member's CA as it is now: issues leaves, and says whom to trust. */
export class CertificateAuthority {
  /** What this coordinator shows and trusts. */
  readonly own: LiveCredentials;
  readonly memberId: MemberId;
  readonly lifeMs: number;
  readonly #options: AuthorityOptions;
  #keys: KeyPair;
  #before: CredentialSet | undefined;

  private constructor(options: AuthorityOptions, own: LiveCredentials, keys: KeyPair) {
    this.#options = options;
    this.own = own;
    this.memberId = own.memberId;
    this.lifeMs = options.lifeMs;
    this.#keys = keys;
  }

  /**
   * The CA is the one that the log names; of the key files, the one that fits it counts, so that a rotation which was cut short
   * is carried through. Error: DATA_FORMAT_UNSUPPORTED where none does.
   */
  static async open(options: AuthorityOptions): Promise<CertificateAuthority> {
    const { material, views } = options;
    const { ca, previousCas } = casOnRecord(await views.run((all) => all.members.owner())) ?? {
      ca: material.ca,
      previousCas: [],
    };
    const keys = [material.caKeys, ...(material.nextCaKeys === undefined ? [] : [material.nextCaKeys])].find((pair) =>
      isKeyOf(ca, pair),
    );
    if (keys === undefined) {
      throw new CollectiveError('DATA_FORMAT_UNSUPPORTED', "The CA's key file does not belong to the CA that the log names.", {
        next: "Put back the keys of the newest backup of the coordinator's directory.",
      });
    }
    const own = new LiveCredentials({
      memberId: material.memberId,
      ca,
      previousCas,
      leaf: material.coordinatorLeaf,
      privateKeyPem: material.coordinatorKeys.privateKeyPem,
    });
    return new CertificateAuthority(options, own, keys);
  }

  /**
   * What connections that are open may have been shown: the present leaf, and the one before it. Proofs are bound to the leaf of
   * their connection, and answered by its key.
   */
  get shown(): readonly CredentialSet[] {
    return this.#before === undefined ? [this.own.present] : [this.own.present, this.#before];
  }

  /** This coordinator shows another leaf from now on. */
  show(leaf: Uint8Array, privateKeyPem: string): void {
    this.#before = this.own.present;
    this.own.replace({ ...this.own.present, leaf, privateKeyPem });
  }

  get ca(): TrustedCa {
    return this.own.ca;
  }

  get caKeys(): KeyPair {
    return this.#keys;
  }

  /** `publicKey` is SPKI DER. Nothing is recorded by this. */
  async issue(subject: { readonly peer: PeerName; readonly name: string; readonly publicKey: Uint8Array }): Promise<IssuedLeaf> {
    const { clock, random } = this.#options;
    const { ca } = this.own;
    const nowMs = clock.nowMs();
    const { peer, name, publicKey } = subject;
    const leaf = await issueLeaf({ ca, caKeys: this.#keys, name: peer, publicKey, nowMs, random, lifeMs: this.lifeMs });
    return { leaf, certificate: certificateIssued({ leaf, ca, memberId: this.memberId, name, nowMs }) };
  }

  /**
   * For whom the present CA has issued this leaf, whether it is good still or not; undefined for what it has not. A CA that was
   * replaced says nothing here: its key may be why.
   */
  issued(leaf: Uint8Array): PeerIdentity | undefined {
    const validity = leafValidity(leaf);
    if (validity === undefined) return undefined;
    const verified = verifyLeaf(leaf, { ca: this.own.ca, memberId: this.memberId, nowMs: validity.notAfterMs });
    return verified.ok ? verified.value : undefined;
  }

  /** From now on leaves are issued by another CA, which the log names already. */
  async follow(keys: KeyPair): Promise<void> {
    const record = casOnRecord(await this.#options.views.run((all) => all.members.owner()));
    assert(record !== undefined && isKeyOf(record.ca, keys), 'the log names the CA of these keys');
    this.#keys = keys;
    this.own.replace({ ...this.own.present, ...record });
  }

  /** Whom this member's people trust, each with its endorsement. */
  async trust(): Promise<MemberTrust> {
    const row = await this.#options.views.run((all) => all.members.owner());
    assert(row !== undefined, 'a coordinator that runs has a log');
    return {
      identityPublicKey: row.identityPublicKey,
      cas: [
        { certificate: row.caCertificate, endorsement: row.caEndorsement, acceptedUntilMs: 0 },
        ...row.previousCas.map(({ certificate, endorsement, untilMs }) => ({
          certificate,
          endorsement,
          acceptedUntilMs: untilMs,
        })),
      ].slice(0, LIMITS.casTold),
    };
  }
}

function casOnRecord(
  row: MemberRow | undefined,
): { readonly ca: TrustedCa; readonly previousCas: readonly PreviousCa[] } | undefined {
  if (row === undefined) return undefined;
  const previousCas = row.previousCas.map(({ certificate, untilMs }) => ({ ca: opened(certificate), untilMs }));
  return { ca: opened(row.caCertificate), previousCas };
}

function opened(certificate: Uint8Array): TrustedCa {
  const ca = openCa(certificate);
  assert(ca.ok, 'a CA was read before it went into the log');
  return ca.value;
}

const isKeyOf = (ca: TrustedCa, { publicKey }: KeyPair): boolean =>
  Buffer.from(publicKey).equals(ca.publicKey.export({ format: 'der', type: 'spki' }));

import { concatBytes, type Result, CollectiveError, equalBytes, fail, ok, type MemberId, utf8 } from '../base/index.js';
import type { Hasher, SignatureVerifier, Signer } from '../ports/index.js';
import { BACKDATE_MS } from './certificate-maker.js';
import { openEndorsement } from './endorsement.js';
import { ENROLMENT_NONCE_BYTES } from './enrolment.js';
import { memberIdOf, publicKeyOf } from './keys.js';
import type { CredentialSet, PreviousCa } from './own-credentials.js';
import { openCa, type TrustedCa } from './trusted-ca.js';

/** When a certificate is to be renewed: at two thirds of the life that it was issued for. */
export const renewalDueMs = ({
  notBeforeMs,
  notAfterMs,
}: {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}): number => {
  const issuedMs = Math.min(notBeforeMs + BACKDATE_MS, notAfterMs);
  return issuedMs + (2 * (notAfterMs - issuedMs)) / 3;
};

/** What both ends know of a renewal on the enrolment listener, where the caller shows no certificate. */
export interface LapsedRenewal {
  /** DER of the leaf that the server showed in this very connection. */
  readonly serverLeaf: Uint8Array;
  /** DER of the leaf to be renewed, expired or not. */
  readonly certificate: Uint8Array;
  /** PKCS#10, DER. */
  readonly certificateRequest: Uint8Array;
  /** 32 random bytes of the caller. */
  readonly nonce: Uint8Array;
}

const RENEWAL_DOMAIN = utf8('collective/renewal-request/v1\0');

/** The signature, by the key of the leaf that is to be renewed, for this connection, request and nonce only. 64 bytes. */
export const proveRenewal = (renewal: LapsedRenewal, signer: Signer, hasher: Hasher): Uint8Array =>
  signer.sign(renewalMessage(renewal, hasher));

/** Whether whoever asks has the key (SPKI DER) of the leaf that is to be renewed. */
export const checkRenewalProof = (
  proof: Uint8Array,
  renewal: LapsedRenewal,
  check: { readonly publicKey: Uint8Array; readonly hasher: Hasher; readonly verifier: SignatureVerifier },
): boolean =>
  renewal.nonce.length === ENROLMENT_NONCE_BYTES &&
  check.verifier.verify(check.publicKey, renewalMessage(renewal, check.hasher), proof);

function renewalMessage({ serverLeaf, certificate, certificateRequest, nonce }: LapsedRenewal, hasher: Hasher): Uint8Array {
  return concatBytes([
    RENEWAL_DOMAIN,
    hasher.sha256(serverLeaf),
    hasher.sha256(certificate),
    hasher.sha256(certificateRequest),
    nonce,
  ]);
}

/** The CAs of a member as its coordinator tells them, the present one first, each with the identity key's endorsement. */
export interface ToldTrust {
  /** SPKI DER. */
  readonly identityPublicKey: Uint8Array;
  readonly cas: readonly {
    /** DER. */
    readonly certificate: Uint8Array;
    readonly endorsement: Uint8Array;
    /** Until when leaves of one that was replaced are accepted; of no meaning for the present one. */
    readonly acceptedUntilMs: number;
  }[];
}

/**
 * Whom to trust from now on, if every CA is endorsed by the identity key that the member id stands for, and the present one is
 * not older than the one that is known: an old endorsement must not bring back a CA that was replaced. Error:
 * CERTIFICATE_INVALID.
 */
export function acceptTrust(
  told: ToldTrust,
  known: { readonly memberId: MemberId; readonly ca?: TrustedCa },
  ports: { readonly hasher: Hasher; readonly verifier: SignatureVerifier },
): Result<Pick<CredentialSet, 'ca'> & { readonly previousCas: readonly PreviousCa[] }, CollectiveError> {
  const { memberId } = known;
  if (memberIdOf(told.identityPublicKey, ports.hasher) !== memberId) {
    return invalid('The coordinator names an identity key that is not the one of this member.');
  }
  const identityKey = publicKeyOf(told.identityPublicKey, ports.hasher);
  const opened: PreviousCa[] = [];
  for (const { certificate, endorsement, acceptedUntilMs } of told.cas) {
    const ca = openCa(certificate);
    if (!ca.ok) return ca;
    const subject = ca.value.sha256;
    const purpose = 'member-ca';
    const endorsed = openEndorsement(endorsement, { memberId, identityKey, purpose, subject, verifier: ports.verifier });
    if (!endorsed.ok) return endorsed;
    opened.push({ ca: ca.value, untilMs: acceptedUntilMs });
  }
  const [present, ...previousCas] = opened;
  if (present === undefined) return invalid('The coordinator names no CA.');
  const { ca } = known;
  if (ca !== undefined && !equalBytes(ca.sha256, present.ca.sha256) && present.ca.notBeforeMs < ca.notBeforeMs) {
    return invalid('The coordinator names a CA that is older than the one that is known here.');
  }
  return ok({ ca: present.ca, previousCas });
}

const invalid = (message: string): Result<never, CollectiveError> =>
  fail(
    new CollectiveError('CERTIFICATE_INVALID', message, {
      next: 'Check that the address belongs to your own coordinator still; if it does, ask for a new invite.',
    }),
  );

import { assert, CollectiveError, concatBytes, equalBytes, fail, ok, type InviteId, type Result, utf8 } from '../base/index.js';
import type { Hasher, SignatureVerifier, Signer } from '../ports/index.js';
import { idBytes, LONG_ID_BYTES } from './binary-ids.js';
import { inviteIdOf, inviteKeys, inviteSecretHash } from './invite-secret.js';
import type { Invite, JoinerKind } from './invite.js';
import { createSigner, rawPublicKey, spkiOfRaw } from './keys.js';
import { verifyLeaf, type PeerIdentity } from './leaf.js';
import { SIGNATURE_BYTES } from './signed.js';
import { openCa, sha256Of, type TrustedCa } from './trusted-ca.js';

export const ENROLMENT_NONCE_BYTES = 32;
const RAW_KEY_BYTES = 32;
const REQUEST_DOMAIN = utf8('collective/enrolment-request/v1\0');
const ANSWER_DOMAIN = utf8('collective/enrolment-answer/v1\0');

/** What both ends of an enrolment know of it. */
export interface EnrolmentExchange {
  readonly inviteId: InviteId;
  /** DER of the certificate that the server showed in this very TLS connection. */
  readonly serverLeaf: Uint8Array;
  /** PKCS#10, DER. */
  readonly certificateRequest: Uint8Array;
  /** 32 random bytes of the joiner. */
  readonly nonce: Uint8Array;
}

/**
 * Joiner, before it sends anything: whether the server's chain (DER, leaf first, the CA in it) is the one that the invite
 * pins. Error: CERTIFICATE_INVALID.
 */
export function verifyEnrolmentServer(
  chain: readonly Uint8Array[],
  invite: Invite,
  nowMs: number,
): Result<{ readonly ca: TrustedCa; readonly server: PeerIdentity }, CollectiveError> {
  const [leaf] = chain;
  const pinned = chain.find((der) => equalBytes(sha256Of(der), invite.caSha256));
  if (leaf === undefined || pinned === undefined) {
    return fail(
      new CollectiveError(
        'CERTIFICATE_INVALID',
        'The server does not show the CA that the invite names. Nothing was sent to it.',
        {
          next: 'Check that the address in the invite still belongs to the member who gave it to you, and ask for a new invite.',
        },
      ),
    );
  }
  const ca = openCa(pinned);
  if (!ca.ok) return ca;
  const server = verifyLeaf(leaf, { ca: ca.value, memberId: invite.memberId, nowMs, roles: ['coordinator'] });
  return server.ok ? ok({ ca: ca.value, server: server.value }) : server;
}

/** Joiner: proof that it has the invite's secret, good for this connection, request and nonce only. 96 bytes. */
export const proveInvite = (secret: Uint8Array, exchange: EnrolmentExchange, hasher: Hasher): Uint8Array =>
  signAsInvited(secret, requestMessage(exchange, hasher), hasher);

/** A signature that only who has the secret can make, with the public key to check it. 96 bytes. */
export function signAsInvited(secret: Uint8Array, message: Uint8Array, hasher: Hasher): Uint8Array {
  const keys = inviteKeys(secret, hasher);
  return concatBytes([rawPublicKey(keys.publicKey), createSigner(keys).sign(message)]);
}

/** What the issuer has to check proofs with. */
export interface StoredInvite {
  /** All that is stored of the secret. */
  readonly secretHash: Uint8Array;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
}

/** Issuer: whether the proof is by someone who has the secret. */
export function checkInviteProof(proof: Uint8Array, exchange: EnrolmentExchange, stored: StoredInvite): boolean {
  if (exchange.nonce.length !== ENROLMENT_NONCE_BYTES) return false;
  return isSignedAsInvited(proof, exchange.inviteId, requestMessage(exchange, stored.hasher), stored);
}

export function isSignedAsInvited(
  proof: Uint8Array,
  inviteId: InviteId,
  message: Uint8Array,
  { secretHash, hasher, verifier }: StoredInvite,
): boolean {
  if (proof.length !== RAW_KEY_BYTES + SIGNATURE_BYTES || inviteId !== inviteIdOf(secretHash, hasher)) return false;
  const rawKey = proof.subarray(0, RAW_KEY_BYTES);
  // Both sides of this comparison are public, so its duration tells nothing.
  if (!equalBytes(inviteSecretHash(rawKey, hasher), secretHash)) return false;
  return verifier.verify(spkiOfRaw(rawKey), message, proof.subarray(RAW_KEY_BYTES));
}

/** What the issuer answers with. */
export interface EnrolmentAnswer {
  /** DER. */
  readonly certificate: Uint8Array;
  /** DER. */
  readonly caCertificate: Uint8Array;
}

/**
 * Issuer: its proof (64 bytes) that it answers this proof of the secret, in this connection, with these certificates. `signer`
 * holds the key of the leaf that it showed.
 */
export function proveEnrolmentAnswer(
  joinerProof: Uint8Array,
  exchange: EnrolmentExchange,
  answer: EnrolmentAnswer,
  ports: { readonly signer: Signer; readonly hasher: Hasher },
): Uint8Array {
  return ports.signer.sign(answerMessage(joinerProof, exchange, answer, ports.hasher));
}

/**
 * Joiner: who it is now, if the answer is what the verified server gave to this very request: its proof holds, the CA is the
 * pinned one, and the certificate is for the joiner's own key and the invited role. Errors: CERTIFICATE_INVALID,
 * PERMISSION_DENIED.
 */
export function openEnrolmentAnswer(
  serverProof: Uint8Array,
  exchange: EnrolmentExchange,
  answer: EnrolmentAnswer,
  expected: {
    readonly invite: Invite<JoinerKind>;
    readonly joinerProof: Uint8Array;
    /** SPKI DER of the key that the request was made with. */
    readonly ownPublicKey: Uint8Array;
    readonly ca: TrustedCa;
    readonly server: PeerIdentity;
    readonly nowMs: number;
    readonly hasher: Hasher;
    readonly verifier: SignatureVerifier;
  },
): Result<PeerIdentity, CollectiveError> {
  const { invite, ca, server } = expected;
  const message = answerMessage(expected.joinerProof, exchange, answer, expected.hasher);
  if (!expected.verifier.verify(server.publicKey, message, serverProof))
    return invalid("The answer is not the server's: its proof is wrong.");
  if (!equalBytes(answer.caCertificate, ca.der)) return invalid('The server answered with another CA than the invite names.');
  const own = verifyLeaf(answer.certificate, { ca, memberId: invite.memberId, nowMs: expected.nowMs, roles: [invite.kind] });
  if (!own.ok) return own;
  return equalBytes(own.value.publicKey, expected.ownPublicKey)
    ? own
    : invalid('The server answered with a certificate for another key.');
}

function requestMessage({ inviteId, serverLeaf, certificateRequest, nonce }: EnrolmentExchange, hasher: Hasher): Uint8Array {
  const id = idBytes(inviteId);
  assert(id.length === LONG_ID_BYTES && nonce.length === ENROLMENT_NONCE_BYTES, 'an invite id has 16 bytes, a nonce 32');
  return concatBytes([REQUEST_DOMAIN, id, hasher.sha256(serverLeaf), hasher.sha256(certificateRequest), nonce]);
}

function answerMessage(
  joinerProof: Uint8Array,
  exchange: EnrolmentExchange,
  { certificate, caCertificate }: EnrolmentAnswer,
  hasher: Hasher,
): Uint8Array {
  return concatBytes([
    ANSWER_DOMAIN,
    hasher.sha256(requestMessage(exchange, hasher)),
    hasher.sha256(joinerProof),
    hasher.sha256(certificate),
    hasher.sha256(caCertificate),
  ]);
}

const invalid = (message: string): Result<never, CollectiveError> =>
  fail(new CollectiveError('CERTIFICATE_INVALID', message, { next: 'Nothing was kept. Ask for a new invite and try again.' }));

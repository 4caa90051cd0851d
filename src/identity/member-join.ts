import { concatBytes, type InviteId, utf8 } from '../base/index.js';
import type { Hasher, SignatureVerifier, Signer } from '../ports/index.js';
import { idBytes } from './binary-ids.js';
import { ENROLMENT_NONCE_BYTES, isSignedAsInvited, signAsInvited, type StoredInvite } from './enrolment.js';

/** What both ends know when one member comes to another with an invite. */
export interface MemberJoin {
  readonly inviteId: InviteId;
  /** DER of the certificate that the server showed in this very TLS connection. */
  readonly serverLeaf: Uint8Array;
  /** What the joiner says of itself, as it was sent. Empty: it only asks who invites. */
  readonly card: Uint8Array;
  /** 32 random bytes of the joiner. */
  readonly nonce: Uint8Array;
}

const REQUEST_DOMAIN = utf8('collective/member-join/v1\0');
const CARD_DOMAIN = utf8('collective/member-card/v1\0');
const ANSWER_DOMAIN = utf8('collective/member-join-answer/v1\0');

/** Joiner: proof that it has the invite's secret, good for this connection, card and nonce only. 96 bytes. */
export const proveMemberJoin = (secret: Uint8Array, join: MemberJoin, hasher: Hasher): Uint8Array =>
  signAsInvited(secret, message(REQUEST_DOMAIN, join, hasher), hasher);

/** Issuer: whether the proof is by someone who has the secret. */
export const checkMemberJoin = (proof: Uint8Array, join: MemberJoin, stored: StoredInvite): boolean =>
  join.nonce.length === ENROLMENT_NONCE_BYTES &&
  isSignedAsInvited(proof, join.inviteId, message(REQUEST_DOMAIN, join, stored.hasher), stored);

/** Joiner: proof that the card is its own, by the key of its coordinator's certificate. 64 bytes. */
export const proveMemberCard = (join: MemberJoin, signer: Signer, hasher: Hasher): Uint8Array =>
  signer.sign(message(CARD_DOMAIN, join, hasher));

/** Issuer: whether whoever sent the card has the key (SPKI DER) of that coordinator. */
export const checkMemberCard = (
  proof: Uint8Array,
  join: MemberJoin,
  check: { readonly publicKey: Uint8Array; readonly hasher: Hasher; readonly verifier: SignatureVerifier },
): boolean => check.verifier.verify(check.publicKey, message(CARD_DOMAIN, join, check.hasher), proof);

/** Issuer: proof that it answers this very request with these bytes. `signer` holds the key of the leaf that it showed. */
export const proveMemberAnswer = (
  joinerProof: Uint8Array,
  join: MemberJoin,
  answer: Uint8Array,
  ports: { readonly signer: Signer; readonly hasher: Hasher },
): Uint8Array => ports.signer.sign(answerMessage(joinerProof, join, answer, ports.hasher));

/** Joiner: whether the server, whose key (SPKI DER) that is, gave this answer to this very request. */
export const checkMemberAnswer = (
  proof: Uint8Array,
  join: MemberJoin,
  answer: Uint8Array,
  check: {
    readonly joinerProof: Uint8Array;
    readonly publicKey: Uint8Array;
    readonly hasher: Hasher;
    readonly verifier: SignatureVerifier;
  },
): boolean => check.verifier.verify(check.publicKey, answerMessage(check.joinerProof, join, answer, check.hasher), proof);

const message = (domain: Uint8Array, { inviteId, serverLeaf, card, nonce }: MemberJoin, hasher: Hasher): Uint8Array =>
  concatBytes([domain, idBytes(inviteId), hasher.sha256(serverLeaf), hasher.sha256(card), nonce]);

const answerMessage = (joinerProof: Uint8Array, join: MemberJoin, answer: Uint8Array, hasher: Hasher): Uint8Array =>
  concatBytes([
    ANSWER_DOMAIN,
    hasher.sha256(message(REQUEST_DOMAIN, join, hasher)),
    hasher.sha256(joinerProof),
    hasher.sha256(answer),
  ]);

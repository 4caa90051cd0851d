export { chunkListDigest, type ListedChunk } from './chunk-list.js';
export { createCertificateRequest, createMemberCa, issueLeaf, openCertificateRequest } from './certificate-maker.js';
export { endorse, openEndorsement, type Endorsement } from './endorsement.js';
export {
  createSigner,
  followingSigner,
  generateKeyPair,
  isEd25519PublicKey,
  keyIdOf,
  keyPairFromSeed,
  memberCheckText,
  memberIdOf,
  openKeyPair,
  publicKeyOf,
  type KeyPair,
  type PublicKey,
} from './keys.js';
export { isEndpoint } from './endpoint.js';
export {
  checkInviteProof,
  ENROLMENT_NONCE_BYTES,
  openEnrolmentAnswer,
  proveEnrolmentAnswer,
  proveInvite,
  verifyEnrolmentServer,
  type EnrolmentAnswer,
  type EnrolmentExchange,
  type StoredInvite,
} from './enrolment.js';
export { createInvite, parseInvite, type Invite, type InviteKind, type JoinerKind } from './invite.js';
export {
  checkMemberAnswer,
  checkMemberCard,
  checkMemberJoin,
  type MemberJoin,
  proveMemberAnswer,
  proveMemberCard,
  proveMemberJoin,
} from './member-join.js';
export { openSealedText, sealText } from './sealed-text.js';
export { openIdentityKey, sealIdentityKey, type IdentityKey } from './key-envelope.js';
export { isIssuedBy, leafValidity, memberNamedIn, verifyLeaf, type LeafCheck, type PeerIdentity } from './leaf.js';
export {
  fixedPeers,
  type MemberOutside,
  notAdmittedAs,
  type PeerMember,
  type PeerPool,
  poolPem,
  type Standing,
  standingIn,
  type StandingThere,
  verifyPooledLeaf,
} from './peer-pool.js';
export { describePeer, formatPeerUri, parsePeerUri, type PeerName, type Role } from './peer-name.js';
export { certificatePem, certificatesOfPem, joinPem } from './pem.js';
export { acceptFrom, checkKeyFile, isForKey } from './own-files.js';
export { openReceipt, signReceipt, type Receipt, type ReceiptCheck } from './receipt.js';
export { issueTicket, openTicket, type PutTicket, type ReadTicket, type Ticket, type TicketCheck } from './ticket.js';
export {
  casOf,
  type CredentialSet,
  LiveCredentials,
  type OwnCredentials,
  ownIdentity,
  type PreviousCa,
  verifyMemberLeaf,
} from './own-credentials.js';
export {
  acceptTrust,
  checkRenewalProof,
  type LapsedRenewal,
  proveRenewal,
  renewalDueMs,
  type ToldTrust,
} from './renewal.js';
export { chainPem, tlsCredentials, tlsCredentialsTo, trustPem } from './tls-credentials.js';
export { explainTlsFailure } from './tls-failure.js';
export { isMemberCa, openCa, type TrustedCa } from './trusted-ca.js';

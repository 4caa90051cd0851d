import type { InviteId } from '../../base/index.js';

export interface CertificateIssued {
  readonly type: 'CertificateIssued';
  /** SHA-256 of the leaf's DER. */
  readonly fingerprint: Uint8Array;
  readonly role: 'coordinator' | 'node' | 'client';
  /** Node or client id; empty for the coordinator. */
  readonly subjectId: string;
  readonly name: string;
  /** SHA-256 of the leaf's public key (SPKI DER). */
  readonly publicKeyHash: Uint8Array;
  /** SPKI DER: receipts of a node are checked against it. */
  readonly publicKey: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface InviteIssued {
  readonly type: 'InviteIssued';
  readonly inviteId: InviteId;
  readonly kind: 'node' | 'client' | 'member';
  /** Empty: the joiner's choice. */
  readonly name: string;
  /** SHA-256 of the secret, which itself is never stored. */
  readonly secretHash: Uint8Array;
  readonly expiresAtMs: number;
  /** A member who redeems it is admitted at once, and does not wait for a person's word. */
  readonly approved: boolean;
}

export interface InviteRedeemed {
  readonly type: 'InviteRedeemed';
  readonly inviteId: InviteId;
  /** Of the certificate that was issued for it. */
  readonly fingerprint: Uint8Array;
}

export interface InviteRevoked {
  readonly type: 'InviteRevoked';
  readonly inviteId: InviteId;
  readonly reason: 'wrong-tries' | 'withdrawn';
}

/** Every certificate that this subject was issued so far is refused, for ever. */
export interface CertificateRevoked {
  readonly type: 'CertificateRevoked';
  readonly role: 'node' | 'client';
  readonly subjectId: string;
  readonly note: string;
}

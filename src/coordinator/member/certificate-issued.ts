import { accept, assert, fromHex, type MemberId } from '../../base/index.js';
import type { CertificateIssued } from '../../events/index.js';
import { type PeerIdentity, type TrustedCa, verifyLeaf } from '../../identity/index.js';

/** The event that puts a leaf on record. */
export function certificateIssued(options: {
  readonly leaf: Uint8Array;
  readonly ca: TrustedCa;
  readonly memberId: MemberId;
  readonly name: string;
  readonly nowMs: number;
}): CertificateIssued {
  return certificateOf(accept(verifyLeaf(options.leaf, options)), options.name);
}

/** The same of a leaf that was verified. */
export function certificateOf(peer: PeerIdentity, name: string): CertificateIssued {
  const fingerprint = fromHex(peer.fingerprint);
  assert(fingerprint !== undefined, 'a fingerprint is hex');
  return {
    type: 'CertificateIssued',
    fingerprint,
    role: peer.role,
    subjectId: peer.role === 'node' ? peer.nodeId : peer.role === 'client' ? peer.clientId : '',
    name,
    publicKeyHash: peer.publicKeyHash,
    publicKey: peer.publicKey,
    notBeforeMs: peer.notBeforeMs,
    notAfterMs: peer.notAfterMs,
  };
}

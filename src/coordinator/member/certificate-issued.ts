import { accept, assert, fromHex, type MemberId } from '../../base/index.js';
import type { CertificateIssued } from '../../events/index.js';
import { type TrustedCa, verifyLeaf } from '../../identity/index.js';

/** The event that puts a leaf on record. */
export function certificateIssued(options: {
  readonly leaf: Uint8Array;
  readonly ca: TrustedCa;
  readonly memberId: MemberId;
  readonly name: string;
  readonly nowMs: number;
}): CertificateIssued {
  const peer = accept(verifyLeaf(options.leaf, options));
  const fingerprint = fromHex(peer.fingerprint);
  assert(fingerprint !== undefined, 'a fingerprint is hex');
  return {
    type: 'CertificateIssued',
    fingerprint,
    role: peer.role,
    subjectId: peer.role === 'node' ? peer.nodeId : peer.role === 'client' ? peer.clientId : '',
    name: options.name,
    publicKeyHash: peer.publicKeyHash,
    publicKey: peer.publicKey,
    notBeforeMs: peer.notBeforeMs,
    notAfterMs: peer.notAfterMs,
  };
}

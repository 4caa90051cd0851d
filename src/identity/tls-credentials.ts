import type { MemberId } from '../base/index.js';
import type { Clock, TlsCredentials } from '../ports/index.js';
import { verifyLeaf } from './leaf.js';
import { certificatePem, joinPem } from './pem.js';
import type { Role } from './peer-name.js';
import type { TrustedCa } from './trusted-ca.js';

/** What a process needs to speak as itself: its own leaf, the key for it, and the CA of its member. */
export interface OwnCredentials {
  readonly memberId: MemberId;
  readonly ca: TrustedCa;
  /** DER. */
  readonly leaf: Uint8Array;
  /** PKCS#8. */
  readonly privateKeyPem: string;
}

/** Credentials for a connection on which only these roles of the own member are accepted at the other end. */
export function tlsCredentials(own: OwnCredentials, peerRoles: readonly Role[], clock: Clock): TlsCredentials {
  return {
    certificateChain: joinPem([certificatePem(own.leaf), own.ca.pem]),
    privateKey: own.privateKeyPem,
    trustedCa: own.ca.pem,
    verifyPeer: ({ leaf }) => {
      const verified = verifyLeaf(leaf, { ca: own.ca, memberId: own.memberId, nowMs: clock.nowMs(), roles: peerRoles });
      if (!verified.ok) throw verified.error;
    },
  };
}

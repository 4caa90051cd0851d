import type { Clock, TlsCredentials } from '../ports/index.js';
import { casOf, type OwnCredentials, verifyMemberLeaf } from './own-credentials.js';
import { certificatePem, joinPem } from './pem.js';
import type { Role } from './peer-name.js';

/** The chain that this end shows: its leaf and the present CA. */
export const chainPem = (own: OwnCredentials): string => joinPem([certificatePem(own.leaf), own.ca.pem]);

/** Every CA that a leaf may chain to; which of them still counts is for `verifyMemberLeaf`. */
export const trustPem = (own: Pick<OwnCredentials, 'ca' | 'previousCas'>): string => joinPem(casOf(own).map(({ pem }) => pem));

/** To dial somebody of another member, by that member's CAs and no others. */
export function tlsCredentialsTo(
  other: Pick<OwnCredentials, 'memberId' | 'ca' | 'previousCas'>,
  own: OwnCredentials,
  peerRoles: readonly Role[],
  clock: Clock,
): TlsCredentials {
  return {
    get certificateChain() {
      return chainPem(own);
    },
    get privateKey() {
      return own.privateKeyPem;
    },
    trustedCa: trustPem(other),
    verifyPeer: ({ leaf }) => {
      const verified = verifyMemberLeaf(leaf, other, { nowMs: clock.nowMs(), roles: peerRoles });
      if (!verified.ok) throw verified.error;
    },
  };
}

/** Credentials for connections on which only these roles of the own member are accepted at the other end. They follow `own`. */
export function tlsCredentials(own: OwnCredentials, peerRoles: readonly Role[], clock: Clock): TlsCredentials {
  return {
    get certificateChain() {
      return chainPem(own);
    },
    get privateKey() {
      return own.privateKeyPem;
    },
    get trustedCa() {
      return trustPem(own);
    },
    verifyPeer: ({ leaf }) => {
      const verified = verifyMemberLeaf(leaf, own, { nowMs: clock.nowMs(), roles: peerRoles });
      if (!verified.ok) throw verified.error;
    },
    onChange: (listener) => own.onChange?.(listener) ?? (() => undefined),
  };
}

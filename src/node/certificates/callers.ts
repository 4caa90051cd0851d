import { CollectiveError } from '../../base/index.js';
import { joinPem, type OwnCredentials, poolPem, tlsCredentials } from '../../identity/index.js';
import type { Clock, PeerCertificate, TlsCredentials } from '../../ports/index.js';
import type { ChunkServer } from '../../transport/index.js';
import type { CoordinatorKnowledge } from '../coordinator-knowledge.js';

/**
 * Of the data port: clients of the own member and of admitted ones that were not revoked, and nodes of theirs, which fetch. TLS takes leaves of any of their CAs;
 * which member's a leaf may name is for `verifyClient`.
 */
export function callerCredentials(own: OwnCredentials, knowledge: CoordinatorKnowledge, clock: Clock): TlsCredentials {
  const credentials = tlsCredentials(own, ['client', 'node'], clock);
  return {
    get certificateChain() {
      return credentials.certificateChain;
    },
    get privateKey() {
      return credentials.privateKey;
    },
    get trustedCa() {
      return joinPem([credentials.trustedCa, poolPem(knowledge.admitted)]);
    },
    verifyPeer: ({ leaf }) => {
      const verified = knowledge.verifyClient(leaf, own, clock.nowMs());
      if (!verified.ok) throw verified.error;
    },
    onChange: (listener) => {
      const forget = [credentials.onChange?.(listener), knowledge.onChange(listener)];
      return () => {
        for (const end of forget) end?.();
      };
    },
  };
}

/** Closes what clients have open that may not come any more: revoked, or of a member that is not admitted now. */
export function cutRefused(server: ChunkServer, own: OwnCredentials, knowledge: CoordinatorKnowledge, nowMs: number): void {
  const refused = new Set(['CERTIFICATE_REVOKED', 'PERMISSION_DENIED']);
  const matches = ({ leaf }: PeerCertificate): boolean => {
    const verified = knowledge.verifyClient(leaf, own, nowMs);
    return !verified.ok && refused.has(verified.error.code);
  };
  server.closeConnections(
    matches,
    new CollectiveError(
      'CERTIFICATE_REVOKED',
      'This client may not come any more: it was revoked, or its member is not admitted.',
    ),
  );
}

import { CollectiveError, type ClientId } from '../../base/index.js';
import { type OwnCredentials, tlsCredentials, verifyMemberLeaf } from '../../identity/index.js';
import type { Clock, PeerCertificate, TlsCredentials } from '../../ports/index.js';
import type { ChunkServer } from '../../transport/index.js';
import type { CoordinatorKnowledge } from '../coordinator-knowledge.js';

/** Of the data port: clients of the own member that were not revoked. */
export function callerCredentials(own: OwnCredentials, knowledge: CoordinatorKnowledge, clock: Clock): TlsCredentials {
  const credentials = tlsCredentials(own, ['client'], clock);
  return {
    get certificateChain() {
      return credentials.certificateChain;
    },
    get privateKey() {
      return credentials.privateKey;
    },
    get trustedCa() {
      return credentials.trustedCa;
    },
    verifyPeer: (peer) => {
      credentials.verifyPeer(peer);
      const clientId = clientOf(peer, own, clock.nowMs());
      if (clientId !== undefined && knowledge.isRevoked(clientId)) throw revokedClient(clientId);
    },
    ...(credentials.onChange === undefined ? {} : { onChange: credentials.onChange }),
  };
}

/** Closes what clients have open that are revoked by now. */
export function cutRevoked(
  server: ChunkServer | undefined,
  own: OwnCredentials,
  knowledge: CoordinatorKnowledge,
  nowMs: number,
): void {
  const isRevoked = (peer: PeerCertificate): boolean => {
    const clientId = clientOf(peer, own, nowMs);
    return clientId !== undefined && knowledge.isRevoked(clientId);
  };
  server?.closeConnections(
    isRevoked,
    new CollectiveError('CERTIFICATE_REVOKED', 'The certificates of this client were revoked.'),
  );
}

function clientOf({ leaf }: PeerCertificate, own: OwnCredentials, nowMs: number): ClientId | undefined {
  const verified = verifyMemberLeaf(leaf, own, { nowMs, roles: ['client'] });
  return verified.ok && verified.value.role === 'client' ? verified.value.clientId : undefined;
}

const revokedClient = (clientId: ClientId): CollectiveError =>
  new CollectiveError('CERTIFICATE_REVOKED', `The certificates of client ${clientId} were revoked.`, {
    next: 'Ask for a new invite, and use it with: collective login',
    details: { role: 'client', id: clientId },
  });

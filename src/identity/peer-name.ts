import {
  fromBase32,
  isClientId,
  isMemberId,
  isNodeId,
  unreachable,
  type ClientId,
  type MemberId,
  type NodeId,
} from '../base/index.js';

/** Who a certificate is for. */
export type PeerName =
  | { readonly role: 'coordinator'; readonly memberId: MemberId }
  | { readonly role: 'node'; readonly memberId: MemberId; readonly nodeId: NodeId }
  | { readonly role: 'client'; readonly memberId: MemberId; readonly clientId: ClientId };

export type Role = PeerName['role'];

/** `collective://<member-id>/coordinator`, `.../node/<node-id>` or `.../client/<client-id>`. */
export function formatPeerUri(name: PeerName): string {
  switch (name.role) {
    case 'coordinator':
      return `collective://${name.memberId}/coordinator`;
    case 'node':
      return `collective://${name.memberId}/node/${name.nodeId}`;
    case 'client':
      return `collective://${name.memberId}/client/${name.clientId}`;
    default:
      return unreachable(name);
  }
}

/** Undefined unless the text is exactly what `formatPeerUri` gives for some name. */
export function parsePeerUri(uri: string): PeerName | undefined {
  const match = /^collective:\/\/([a-z2-7]{52})\/(coordinator|node|client)(?:\/([a-z2-7]{16}))?$/.exec(uri);
  if (match === null) return undefined;
  const [, memberId = '', role, id] = match;
  if (!isMemberId(memberId) || fromBase32(memberId) === undefined) return undefined;
  if (role === 'coordinator' && id === undefined) return { role, memberId };
  if (role === 'node' && id !== undefined && isNodeId(id)) return { role, memberId, nodeId: id };
  if (role === 'client' && id !== undefined && isClientId(id)) return { role, memberId, clientId: id };
  return undefined;
}

/** For messages: `node k3vq7ndabcdefghi of member mfrggzdf`. */
export function describePeer(name: PeerName): string {
  const member = `member ${name.memberId.slice(0, 8)}`;
  switch (name.role) {
    case 'coordinator':
      return `the coordinator of ${member}`;
    case 'node':
      return `node ${name.nodeId} of ${member}`;
    case 'client':
      return `client ${name.clientId} of ${member}`;
    default:
      return unreachable(name);
  }
}

import type { Credential, Fault } from './credentials.js';
import { DATA_OPERATIONS, type DataOperation, INTENDED, type Intent, type Port } from './rpcs.js';

/** What a cell must show. */
export type Expected =
  /** The call gets through to its handler, which answers with this. */
  | { readonly kind: 'passes'; readonly code: string }
  /** The caller is told, in an answer to the call. */
  | { readonly kind: 'told'; readonly code: string; readonly says: RegExp }
  /** The connection is closed, and the server's log tells why. */
  | { readonly kind: 'closed'; readonly code: string; readonly says: RegExp };

/** A call of gRPC (`package.Service/Method`) or an operation of the chunk protocol. */
export type Operation = { readonly kind: 'rpc'; readonly name: string } | { readonly kind: 'data'; readonly name: DataOperation };

interface Reason {
  readonly code: string;
  readonly says: RegExp;
}

/** In the log of whoever refused it. Coordinator and node check certificates alike. */
const REASONS: Readonly<Record<Fault, Reason>> = {
  'no TLS': { code: 'PROTOCOL_ERROR', says: /made no TLS 1\.3 handshake/ },
  'old TLS': { code: 'PROTOCOL_ERROR', says: /made no TLS 1\.3 handshake/ },
  'no certificate': { code: 'UNAUTHENTICATED', says: /showed no certificate/ },
  stranger: { code: 'CERTIFICATE_INVALID', says: /was issued by another CA/ },
  'another CA': { code: 'CERTIFICATE_INVALID', says: /was issued by another CA/ },
  'forged CA': { code: 'CERTIFICATE_INVALID', says: /it is forged, or from a CA of the same name/ },
  expired: { code: 'CERTIFICATE_INVALID', says: /expired at/ },
  'not yet valid': { code: 'CERTIFICATE_INVALID', says: /is valid only from/ },
  'wrong usage': { code: 'CERTIFICATE_INVALID', says: /is not made for that role/ },
  'no name of ours': { code: 'CERTIFICATE_INVALID', says: /name is malformed/ },
  'replaced CA': { code: 'CERTIFICATE_INVALID', says: /is of a CA that its member has replaced/ },
  revoked: { code: 'CERTIFICATE_REVOKED', says: /were revoked/ },
  'another member': { code: 'CERTIFICATE_INVALID', says: /names member .* cannot speak/ },
};

export const closed = (reason: Reason): Expected => ({ kind: 'closed', ...reason });
export const told = (reason: Reason): Expected => ({ kind: 'told', ...reason });

export function expectedOf(port: Port, { fault, role }: Pick<Credential, 'fault' | 'role'>, operation: Operation): Expected {
  const handshake = fault === 'no TLS' || fault === 'old TLS';
  if (port === 'data') return onDataPort(fault, role, operation);
  if (handshake) return closed(REASONS[fault]);
  // Whoever comes without HTTP/2 is not looked at any further.
  if (operation.kind === 'data') return closed({ code: 'PROTOCOL_ERROR', says: /does not speak HTTP\/2/ });
  // Who was revoked is let in, to be told so at each call.
  if (port === 'peer') return onPeerPort(fault);
  if (port === 'home' && fault !== undefined && fault !== 'revoked') return closed(REASONS[fault]);
  const intent = INTENDED[operation.name];
  if (intent?.port !== port) {
    return { kind: 'told', code: 'UNIMPLEMENTED', says: /does not implement the method .*/ };
  }
  if (port === 'home' && fault === 'revoked' && role !== undefined && intent.roles.includes(role)) {
    return { kind: 'told', ...REASONS.revoked };
  }
  if (intent.roles === 'anyone' || (role !== undefined && intent.roles.includes(role)))
    return { kind: 'passes', code: intent.answer };
  return { kind: 'told', code: 'PERMISSION_DENIED', says: new RegExp(`not open to a ${role}: .* a ${wanted(intent)} is needed`) };
}

const NOT_ADMITTED = closed({ code: 'PERMISSION_DENIED', says: /is not admitted (here|by the coordinator that was called)/ });

/** Of a member that has admitted nobody: its own people are no peers either. */
function onPeerPort(fault: Fault | undefined): Expected {
  if (fault === 'no certificate') return closed(REASONS[fault]);
  if (fault === 'no name of ours') return closed({ code: 'CERTIFICATE_INVALID', says: /names no member, or cannot be read/ });
  return NOT_ADMITTED;
}

function onDataPort(fault: Fault | undefined, role: Credential['role'], operation: Operation): Expected {
  if (fault === 'no certificate') return closed({ code: 'CERTIFICATE_INVALID', says: /sent no certificate/ });
  // Clients of other members may come here, if the member is admitted.
  if (fault === 'stranger' || fault === 'another member') return NOT_ADMITTED;
  if (fault !== undefined && !(fault === 'revoked' && role === 'node')) return closed(REASONS[fault]);
  if (role !== 'client' && role !== 'node') {
    return closed({ code: 'PERMISSION_DENIED', says: new RegExp(`not open to a ${role}: .* a client or a node is needed`) });
  }
  // A node may come to fetch, with a ticket that was made for its own key: that of a client is of no use to it.
  if (role === 'node' && operation.kind === 'data' && operation.name !== 'hello') {
    return { kind: 'told', code: 'TICKET_INVALID', says: /was given to another client/ };
  }
  if (operation.kind === 'rpc') return closed({ code: 'PROTOCOL_ERROR', says: /A frame of unknown type/ });
  return { kind: 'passes', code: DATA_OPERATIONS[operation.name] };
}

const wanted = ({ roles }: Intent): string => (roles === 'anyone' ? '' : roles.join(' or a '));

import type { MemberId } from '../../base/index.js';
import type { NodeAccess } from '../../transport/index.js';
import type { PeerTrust } from '../members/peer-trust.js';

/**
 * A node that another member has named as its own: its client holds the node's certificate against what is known here of that
 * member, and never against what came with the answer.
 */
export function foreignAccess(memberId: MemberId, access: NodeAccess, trust: PeerTrust): NodeAccess {
  const member = trust.of(memberId);
  return {
    ...access,
    memberId,
    trust: member === undefined ? undefined : { identityPublicKey: member.identityPublicKey, cas: [...member.cas] },
  };
}

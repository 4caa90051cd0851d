import type { MemberCard } from '../../transport/index.js';
import type { CertificateAuthority } from '../certificates/authority.js';

/** What this member says of itself to others. */
export const ownCard = async (
  authority: CertificateAuthority,
  own: { readonly name: string; readonly peerEndpoints: readonly string[] },
): Promise<MemberCard> => ({
  memberId: authority.memberId,
  name: own.name,
  trust: await authority.trust(),
  endpoints: [...own.peerEndpoints],
  coordinatorCertificate: authority.own.leaf,
});

import type { MemberId } from '../../base/index.js';
import type { Hasher } from '../../ports/index.js';
import type { PeerRow, PeersReader } from '../../projections/index.js';
import type { MemberInfo } from '../../transport/index.js';
import type { PeerTrust } from './peer-trust.js';

/** A member as people see it: by the own log, and what is newer by its own word. */
export function memberInfo(
  memberId: MemberId,
  row: PeerRow,
  peers: PeersReader,
  { trust, hasher }: { readonly trust: PeerTrust; readonly hasher: Hasher },
): MemberInfo {
  const trusted = trust.of(memberId);
  return {
    memberId,
    name: row.name,
    state: row.state,
    sinceMs: row.sinceMs,
    introducedBy: row.introducedBy,
    introducedByName: row.introducedBy === '' ? '' : (peers.get(row.introducedBy)?.name ?? ''),
    endpoints: [...(trusted?.endpoints ?? row.endpoints)],
    caSha256: trusted?.ca.sha256 ?? hasher.sha256(row.caCertificate),
    acceptedToEnd: row.state === 'admitted',
    acceptedEpoch: row.acceptedUpTo?.epoch ?? 0,
    acceptedSequence: row.acceptedUpTo?.sequence ?? 0,
    note: row.note,
    caCertificate: trusted?.ca.der ?? row.caCertificate,
  };
}

import type { MemberId } from '../../base/index.js';
import type { PeerRow, ViewHost, Views } from '../../projections/index.js';
import type { OutsideMember } from './live-peer-trust.js';
import type { AdmittedMember, LaterWord } from './trusted-member.js';

/** Who is admitted and not suspended, as it came here. */
export const admittedMembers = (views: ViewHost): Promise<readonly AdmittedMember[]> =>
  views.run(({ peers }) =>
    peers
      .all()
      .filter(([, { state }]) => state === 'admitted')
      .map(onRecord),
  );

/** Who is known and not admitted now. */
export const membersOutside = (views: ViewHost): Promise<readonly OutsideMember[]> =>
  views.run(({ peers }) =>
    peers.all().flatMap(([memberId, row]): OutsideMember[] => {
      const { state: standing, sinceMs } = row;
      return standing === 'admitted' ? [] : [{ onRecord: onRecord([memberId, row]), standing, sinceMs }];
    }),
  );

function onRecord([memberId, row]: readonly [MemberId, PeerRow]): AdmittedMember {
  const { name, identityPublicKey, caCertificate, caEndorsement, endpoints } = row;
  const cas = [{ certificate: caCertificate, endorsement: caEndorsement, acceptedUntilMs: 0 }];
  return { memberId, name, told: { identityPublicKey, cas }, endpoints };
}

/** What a member's own log says of it. */
export function wordInItsLog({ members }: Views): LaterWord | undefined {
  const owner = members.owner();
  if (owner === undefined) return undefined;
  const { identityPublicKey, caCertificate, caEndorsement, previousCas, peerEndpoints } = owner;
  const present = { certificate: caCertificate, endorsement: caEndorsement, acceptedUntilMs: 0 };
  const previous = previousCas.map(({ certificate, endorsement, untilMs }) => ({
    certificate,
    endorsement,
    acceptedUntilMs: untilMs,
  }));
  return { told: { identityPublicKey, cas: [present, ...previous] }, endpoints: peerEndpoints };
}

import type { ViewHost, Views } from '../../projections/index.js';
import type { AdmittedMember, LaterWord } from './trusted-member.js';

/** Who is admitted and not suspended, as it came here. */
export const admittedMembers = (views: ViewHost): Promise<readonly AdmittedMember[]> =>
  views.run(({ peers }) =>
    peers
      .all()
      .filter(([, { state }]) => state === 'admitted')
      .map(([memberId, { name, identityPublicKey, caCertificate, caEndorsement, endpoints }]) => ({
        memberId,
        name,
        told: { identityPublicKey, cas: [{ certificate: caCertificate, endorsement: caEndorsement, acceptedUntilMs: 0 }] },
        endpoints,
      })),
  );

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

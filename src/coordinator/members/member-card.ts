import { accept, CollectiveError, isMemberId, LIMITS } from '../../base/index.js';
import type { MemberFacts } from '../../domain/index.js';
import { acceptTrust, isEndpoint, isMemberCa, type PeerMember, type ToldTrust } from '../../identity/index.js';
import type { Hasher, SignatureVerifier } from '../../ports/index.js';
import type { MemberCard } from '../../transport/index.js';

/** What a member says of itself, where it holds. */
export interface OpenedCard extends PeerMember {
  readonly name: string;
  readonly facts: MemberFacts;
  readonly told: ToldTrust;
}

/**
 * The CAs are endorsed by the identity key that the member id stands for, and the endpoints are some. That whoever sent the card
 * is that member is not said by this. Errors: CERTIFICATE_INVALID, REQUEST_INVALID.
 */
export function openMemberCard(
  card: MemberCard | undefined,
  ports: { readonly hasher: Hasher; readonly verifier: SignatureVerifier },
): OpenedCard {
  const memberId = card?.memberId ?? '';
  const told = card?.trust;
  const endpoints = card?.endpoints ?? [];
  const [present] = told?.cas ?? [];
  if (card === undefined || !isMemberId(memberId) || told === undefined || present === undefined) throw malformed();
  if (told.cas.length > LIMITS.casTold || present.endorsement.length > LIMITS.endorsementBytes) throw malformed();
  if (endpoints.length > LIMITS.endpointsPerDaemon || !endpoints.every(isEndpoint)) throw malformed();
  const trusted = accept(acceptTrust(told, { memberId }, ports));
  if (!isMemberCa(trusted.ca, memberId)) {
    throw new CollectiveError('CERTIFICATE_INVALID', 'The CA of the member bears another name than its id.');
  }
  const facts = {
    memberId,
    identityPublicKey: new Uint8Array(told.identityPublicKey),
    caCertificate: new Uint8Array(present.certificate),
    caEndorsement: new Uint8Array(present.endorsement),
    endpoints,
  };
  return { memberId, ...trusted, endpoints, name: card.name.slice(0, LIMITS.labelBytes), facts, told };
}

const malformed = (): CollectiveError =>
  new CollectiveError('REQUEST_INVALID', 'What the member says of itself is not whole.', {
    next: 'Use the same version of Collective at both ends.',
  });

import { createSigner, endorse, followingSigner, type OwnCredentials } from '../../../src/identity/index.js';
import { joinMember, type MemberCard, type RpcTransport } from '../../../src/transport/index.js';
import type { StartedCoordinator } from '../../support/coordinator/started-coordinator.js';
import { ownCredentials } from '../../support/rpc.js';
import { coordinatorOf, createMember, type TestMember } from '../../unit/identity/support.js';

export const signal = new AbortController().signal;

/** Another member with all its keys at hand, and no coordinator behind it. */
export interface Stranger {
  readonly member: TestMember;
  readonly own: OwnCredentials;
  readonly card: MemberCard;
}

export async function stranger(name: string): Promise<Stranger> {
  const member = await createMember(`stranger-${name}`, Date.now() - 60_000);
  const own = await ownCredentials(member, coordinatorOf(member));
  return { member, own, card: cardOf(name, member, own) };
}

export function cardOf(name: string, member: TestMember, own: OwnCredentials): MemberCard {
  const { memberId, identityKeys, ca } = member;
  const validFrom = { epoch: 1, sequence: 1 };
  const endorsement = endorse({ memberId, purpose: 'member-ca', subject: ca.sha256, validFrom }, createSigner(identityKeys));
  return {
    memberId,
    name,
    trust: {
      identityPublicKey: identityKeys.publicKey,
      cas: [{ certificate: ca.der, endorsement, acceptedUntilMs: 0 }],
    },
    endpoints: ['127.0.0.1:1'],
    coordinatorCertificate: own.leaf,
  };
}

let requests = 0;
export const requestId = (): string => {
  requests += 1;
  return `request-${requests}`;
};

export const inviteOf = async (host: StartedCoordinator, approved = true, name = ''): Promise<string> =>
  (await host.members.inviteMember({ requestId: requestId(), name, lifeMs: 0, approved }, { signal })).invite;

/** Comes to the host as who the card says, with the key of `own`. */
export const come = (
  host: StartedCoordinator,
  invite: string,
  { card, own }: Pick<Stranger, 'card' | 'own'>,
  transport: RpcTransport = host.transport,
): ReturnType<typeof joinMember> => {
  const signer = followingSigner(own, host.ports.hasher);
  return joinMember({ invite, joiner: { card, signer }, signal }, { ...host.ports, transport });
};

import { accept, CollectiveError, LIMITS, type ClientId, type NodeId } from '../../base/index.js';
import {
  createCertificateRequest,
  ENROLMENT_NONCE_BYTES,
  generateKeyPair,
  isEndpoint,
  openEnrolmentAnswer,
  parseInvite,
  proveInvite,
  type Invite,
  type JoinerKind,
  type KeyPair,
  type OwnCredentials,
  type PeerIdentity,
  type TrustedCa,
} from '../../identity/index.js';
import { EnrolmentServiceDefinition, type RedeemResponse } from '../generated/collective/v1/enrolment.js';
import { createClient } from '../rpc/client.js';
import { asInvited, type Host, type RedeemWorld } from './invited.js';

export interface RedeemOptions {
  /** The one-line secret, as it was pasted. */
  readonly invite: string;
  readonly kind: JoinerKind;
  /** The name that is wished for; the invite's wins. */
  readonly name: string;
  readonly signal: AbortSignal;
}

/** What a join gives; nothing of it is kept anywhere yet. */
export interface Redeemed {
  /** Leaf and CA, and the private key, which was made here and has not left. */
  readonly own: OwnCredentials;
  readonly identity: PeerIdentity;
  /** Of the node or client. */
  readonly subjectId: NodeId | ClientId;
  readonly name: string;
  readonly memberName: string;
  /** `host:port` of the coordinator's home listener. */
  readonly homeEndpoints: readonly string[];
  /** The same of its enrolment listener. */
  readonly enrolmentEndpoints: readonly string[];
}

/**
 * Joins a member: makes a key, checks that the server is whom the invite pins, proves the invite's secret bound to this very
 * TLS connection, and checks the answer. Errors: INVITE_INVALID, CERTIFICATE_INVALID, COORDINATOR_UNREACHABLE, and what the
 * coordinator refuses with.
 */
export async function redeemInvite(options: RedeemOptions, world: RedeemWorld): Promise<Redeemed> {
  const { clock, hasher } = world;
  const invite = accept(parseInvite(options.invite, { kind: options.kind, nowMs: clock.nowMs(), hasher }));
  const keys = generateKeyPair(world.random, hasher);
  return asInvited(invite, world, options.signal, (host) => redeem({ ...host, keys, options, world }));
}

async function redeem(
  join: Host<Invite<JoinerKind>> & { readonly keys: KeyPair; readonly options: RedeemOptions; readonly world: RedeemWorld },
): Promise<Redeemed> {
  const { invite, keys, server, enrolment, options, world } = join;
  const { hasher, verifier, clock } = world;
  const exchange = {
    inviteId: invite.inviteId,
    serverLeaf: enrolment.serverLeaf,
    certificateRequest: await createCertificateRequest(keys),
    nonce: world.random.bytes(ENROLMENT_NONCE_BYTES),
  };
  const joinerProof = proveInvite(invite.secret, exchange, hasher);
  const { certificateRequest, nonce, inviteId } = exchange;
  const response = await createClient(EnrolmentServiceDefinition, enrolment.channel).redeem(
    { inviteId, certificateRequest, nonce, proof: joinerProof, name: options.name },
    { signal: options.signal },
  );
  const { certificate, caCertificate } = response;
  const identity = accept(
    openEnrolmentAnswer(
      response.proof,
      exchange,
      { certificate, caCertificate },
      { invite, joinerProof, ownPublicKey: keys.publicKey, ca: enrolment.ca, server, nowMs: clock.nowMs(), hasher, verifier },
    ),
  );
  return redeemed(response, identity, enrolment.ca, { keys, invite });
}

/** The certificate is what counts; what else is in the answer is checked against it, or for its form. */
function redeemed(
  response: RedeemResponse,
  identity: PeerIdentity,
  ca: TrustedCa,
  { keys, invite }: { readonly keys: KeyPair; readonly invite: Invite<JoinerKind> },
): Redeemed {
  const { memberId } = identity;
  const subjectId = identity.role === 'node' ? identity.nodeId : identity.role === 'client' ? identity.clientId : undefined;
  const homeEndpoints = response.homeEndpoints.slice(0, LIMITS.endpointsPerDaemon);
  if (subjectId === undefined || subjectId !== response.subjectId || memberId !== response.memberId) {
    throw new CollectiveError('PROTOCOL_ERROR', "The coordinator's answer and the certificate in it name different things.");
  }
  if (homeEndpoints.length === 0 || !homeEndpoints.every(isEndpoint)) {
    throw new CollectiveError('PROTOCOL_ERROR', 'The coordinator did not say where it can be reached from now on.');
  }
  return {
    own: { memberId, ca, leaf: new Uint8Array(response.certificate), privateKeyPem: keys.privateKeyPem },
    identity,
    subjectId,
    name: response.name,
    memberName: response.memberName,
    homeEndpoints,
    enrolmentEndpoints: invite.endpoints,
  };
}

import { accept, CollectiveError, type MemberId } from '../../base/index.js';
import {
  checkMemberAnswer,
  ENROLMENT_NONCE_BYTES,
  type Invite,
  type MemberJoin,
  parseInvite,
  proveMemberCard,
  proveMemberJoin,
  type TrustedCa,
} from '../../identity/index.js';
import type { Signer } from '../../ports/index.js';
import { EnrolmentServiceDefinition } from '../generated/collective/v1/enrolment.js';
import type { MemberCard, MemberJoinAnswer } from '../generated/collective/v1/members.js';
import { createClient } from '../rpc/client.js';
import { asInvited, type Host, type RedeemWorld } from './invited.js';
import { decodeMemberAnswer, encodeMemberCard } from './member-messages.js';

export interface JoinMemberOptions {
  /** The one-line secret, as it was pasted. */
  readonly invite: string;
  /** What is told of this member, and the key of the certificate in it; undefined: only asks who invites. */
  readonly joiner: { readonly card: MemberCard; readonly signer: Signer } | undefined;
  readonly signal: AbortSignal;
}

export interface HostAnswer {
  readonly invite: Invite;
  readonly memberId: MemberId;
  /** The CA that the invite pins. */
  readonly ca: TrustedCa;
  /** Signed by the coordinator that the invite leads to, for this very question. What it says of trust is not checked yet. */
  readonly answer: MemberJoinAnswer;
}

/**
 * Comes to another member with its invite: checks that the server is whom the invite pins before anything is sent, proves the
 * secret and the card bound to this very TLS connection, and checks that the answer is the server's. Errors: INVITE_INVALID,
 * CERTIFICATE_INVALID, COORDINATOR_UNREACHABLE, and what the coordinator refuses with.
 */
export async function joinMember(options: JoinMemberOptions, world: RedeemWorld): Promise<HostAnswer> {
  const { clock, hasher } = world;
  const invite = accept(parseInvite(options.invite, { kind: 'member', nowMs: clock.nowMs(), hasher }));
  return asInvited(invite, world, options.signal, async (host) => {
    const answer = await ask(host, options, world);
    return { invite, memberId: invite.memberId, ca: host.enrolment.ca, answer };
  });
}

async function ask(
  host: Host,
  { joiner, signal }: JoinMemberOptions,
  { random, hasher, verifier }: RedeemWorld,
): Promise<MemberJoinAnswer> {
  const { invite, server, enrolment } = host;
  const card = joiner === undefined ? new Uint8Array() : encodeMemberCard(joiner.card);
  const nonce = random.bytes(ENROLMENT_NONCE_BYTES);
  const { inviteId } = invite;
  const join: MemberJoin = { inviteId, serverLeaf: enrolment.serverLeaf, card, nonce };
  const proof = proveMemberJoin(invite.secret, join, hasher);
  const cardProof = joiner === undefined ? new Uint8Array() : proveMemberCard(join, joiner.signer, hasher);
  const client = createClient(EnrolmentServiceDefinition, enrolment.channel);
  const response = await client.joinMember({ inviteId, nonce, card, proof, cardProof }, { signal });
  const check = { joinerProof: proof, publicKey: server.publicKey, hasher, verifier };
  if (!checkMemberAnswer(response.proof, join, response.answer, check)) {
    throw new CollectiveError('CERTIFICATE_INVALID', "The answer is not the inviting coordinator's: its proof is wrong.", {
      next: 'Nothing was kept. Ask for a new invite and try again.',
    });
  }
  return decodeMemberAnswer(response.answer);
}

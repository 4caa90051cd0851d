import { accept, CollectiveError, equalBytes, type InviteId, type MemberId } from '../../base/index.js';
import { decideJoin, usableInvite } from '../../domain/index.js';
import {
  checkMemberCard,
  type CredentialSet,
  followingSigner,
  type MemberJoin,
  proveMemberAnswer,
  verifyMemberLeaf,
} from '../../identity/index.js';
import type { Clock, Hasher, Logger, SignatureVerifier } from '../../ports/index.js';
import type { InviteRow, PeerState, ViewHost } from '../../projections/index.js';
import {
  decodeMemberCard,
  encodeMemberAnswer,
  type JoinMemberRequest,
  type JoinMemberResponse,
  type MemberCard,
} from '../../transport/index.js';
import type { CommandLoop } from '../commands/command-loop.js';
import { type OpenedCard, openMemberCard } from './member-card.js';
import type { LaterWord } from './trusted-member.js';

export interface JoinDeskOptions {
  readonly ownCard: () => Promise<MemberCard>;
  readonly views: ViewHost;
  readonly commands: CommandLoop;
  /** Who is admitted has changed. */
  readonly onChanged: () => Promise<void>;
  /** A member that is admitted already says where it is now. */
  readonly learn: (memberId: MemberId, word: LaterWord) => Promise<void>;
  readonly clock: Clock;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  readonly logger: Logger;
}

/** Lets other members in that come with an invite. Who comes here has proved that it has the secret. */
export class JoinDesk {
  readonly #options: JoinDeskOptions;

  constructor(options: JoinDeskOptions) {
    this.#options = options;
  }

  /** `own` is what was shown in this connection. Errors: INVITE_INVALID, CERTIFICATE_INVALID, and those of decideJoin. */
  async answer(
    request: JoinMemberRequest,
    join: MemberJoin,
    { invite, own, remote }: { readonly invite: InviteRow; readonly own: CredentialSet; readonly remote: string },
  ): Promise<JoinMemberResponse> {
    if (invite.kind !== 'member') {
      throw new CollectiveError('INVITE_INVALID', `This is an invite for a ${invite.kind}.`, { next: 'Ask for a new invite.' });
    }
    const { hasher, ownCard } = this.#options;
    const asksOnly = join.card.length === 0;
    const state = asksOnly ? await this.#look(join.inviteId, invite) : await this.#join(request, join, invite, remote);
    const host = { ...(await ownCard()), coordinatorCertificate: new Uint8Array() };
    const answer = encodeMemberAnswer({ host, state, approved: invite.approved, expiresMs: invite.expiresAtMs });
    return { answer, proof: proveMemberAnswer(request.proof, join, answer, { signer: followingSigner(own, hasher), hasher }) };
  }

  /** An invite that could not be used is not worth a question; one that was is, whose first answer may have been lost. */
  async #look(inviteId: InviteId, invite: InviteRow): Promise<''> {
    const { views, clock } = this.#options;
    const nowMs = clock.nowMs();
    if (invite.state === 'redeemed' && nowMs < invite.expiresAtMs) return '';
    await views.run(({ invites }) => accept(usableInvite(inviteId, invites, nowMs)));
    return '';
  }

  async #join(request: JoinMemberRequest, join: MemberJoin, invite: InviteRow, remote: string): Promise<PeerState> {
    const { views, commands, logger, clock } = this.#options;
    const card = this.#open(request, join);
    const { memberId, facts, name, told, endpoints } = card;
    const { inviteId } = join;
    const fingerprint = card.ca.sha256;
    const repeated =
      invite.state === 'redeemed' && equalBytes(invite.fingerprint, fingerprint) && clock.nowMs() < invite.expiresAtMs;
    if (!repeated) {
      await commands.submit({
        actor: 'coordinator',
        request: undefined,
        decide: (all, context) => decideJoin({ facts, name, inviteId, fingerprint }, all, context),
        answer: () => undefined,
      });
      logger.info('a member has come with an invite', { memberId, name, inviteId, remote });
    }
    const row = await views.run(({ peers }) => peers.get(memberId));
    await this.#options.onChanged();
    if (row?.state === 'admitted') {
      await this.#options.learn(memberId, { told, endpoints });
      return 'admitted';
    }
    if (row?.state === 'applied') return 'applied';
    throw new CollectiveError('PERMISSION_DENIED', 'The invite was used, and this member was turned away since.', {
      next: 'Ask for a new invite.',
    });
  }

  #open(request: JoinMemberRequest, join: MemberJoin): OpenedCard {
    const { hasher, verifier, clock } = this.#options;
    const sent = decodeMemberCard(join.card);
    const card = openMemberCard(sent, { hasher, verifier });
    const leaf = accept(verifyMemberLeaf(sent.coordinatorCertificate, card, { nowMs: clock.nowMs(), roles: ['coordinator'] }));
    if (!checkMemberCard(request.cardProof, join, { publicKey: leaf.publicKey, hasher, verifier })) {
      throw new CollectiveError('CERTIFICATE_INVALID', 'Whoever came with the invite is not the member that it says it is.');
    }
    return card;
  }
}

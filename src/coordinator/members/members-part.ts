import type { CollectiveError, MemberId } from '../../base/index.js';
import type { PeerIdentity } from '../../identity/index.js';
import type { ViewHost } from '../../projections/index.js';
import { MemberServiceDefinition, type RpcChannel, serve } from '../../transport/index.js';
import type { CertificateAuthority } from '../certificates/authority.js';
import type { CommandLoop } from '../commands/command-loop.js';
import type { CoordinatorOptions } from '../coordinator-options.js';
import type { FederationPart } from '../federation.js';
import { heldBack } from '../witnesses/held-back.js';
import type { WitnessOffice } from '../witnesses/witness-office.js';
import { recordEndpoints } from './endpoints-keeper.js';
import { Introductions } from './introductions.js';
import { InvitedDesk } from './invited-desk.js';
import { JoinDesk } from './join-desk.js';
import { LivePeerTrust } from './live-peer-trust.js';
import { MemberService } from './member-service.js';
import type { OtherLogs } from './other-logs.js';
import { ownCard } from './own-card.js';
import { PeerDialler } from './peer-dialler.js';
import { waitingMembers } from './waiting-members.js';
import { admittedMembers, membersOutside, wordInItsLog } from './trust-sources.js';

export interface MembersPartOptions extends CoordinatorOptions {
  readonly views: ViewHost;
  readonly commands: CommandLoop;
  readonly authority: CertificateAuthority;
  readonly witnesses: WitnessOffice;
  readonly logs: OtherLogs;
  readonly closePeerCalls: (matches: (caller: PeerIdentity) => boolean, error: CollectiveError) => number;
  readonly beforeRemoval: (memberId: MemberId, signal: AbortSignal) => Promise<void>;
}

/** Who the other members are: admission, introductions, trust, and the way to their coordinators. */
export interface MembersPart extends FederationPart {
  readonly trust: LivePeerTrust;
  readonly joining: JoinDesk;
  /** A channel to that member's coordinator, which follows where it is and by what CA it is known. The caller closes it. */
  readonly connect: (memberId: MemberId) => RpcChannel;
  /** A connected peer has told where it can be dialled. */
  readonly onEndpoints: (memberId: MemberId, endpoints: readonly string[]) => void;
}

export async function openMembersPart(options: MembersPartOptions): Promise<MembersPart> {
  const { views, commands, authority, logs, material, ports, transport, witnesses, closePeerCalls } = options;
  const trust = await LivePeerTrust.open({
    ...ports,
    admitted: () => admittedMembers(views),
    outside: () => membersOutside(views),
    inItsLog: (memberId) => logs.read(memberId, wordInItsLog),
  });
  const { peerEndpoints = [] } = options;
  const card = () => ownCard(authority, { name: material.name, peerEndpoints });
  const onChanged = (): Promise<void> => trust.refresh();
  const learn: LivePeerTrust['learn'] = (memberId, word) => trust.learn(memberId, word);
  const shared = { ...ports, views, commands, authority, transport, ownCard: card, onChanged, learn };
  const service = new MemberService({
    ...shared,
    trust,
    own: authority.memberId,
    logs,
    enrolmentEndpoints: options.enrolmentEndpoints,
    invited: new InvitedDesk(shared),
    headOf: (memberId) => logs.headOf(memberId),
    cut: (memberId, error) => closePeerCalls((caller) => caller.memberId === memberId, error),
    beforeRemoval: options.beforeRemoval,
  });
  const policy = options.introductions ?? 'admit';
  const introductions = new Introductions({ ...shared, policy, ownId: authority.memberId, trust, logs });
  const dialler = new PeerDialler({
    ...shared,
    trust,
    enrolmentEndpointsOf: async (memberId) =>
      (await logs.read(memberId, ({ members }) => members.owner()?.enrolmentEndpoints)) ?? [],
  });
  const forget = logs.onApplied((origin) => {
    trust.refreshOf(origin).catch((error: unknown) => {
      ports.logger.warn('what a member says of itself could not be read', { memberId: origin, error });
    });
  });
  witnesses.onCompleted(() => {
    trust.refresh().catch((error: unknown) => {
      ports.logger.error('who is admitted could not be read again', { error });
    });
  });
  return {
    trust,
    joining: new JoinDesk(shared),
    connect: dialler.connect,
    onEndpoints: (memberId, endpoints) => {
      trust.learnPlace(memberId, endpoints).catch((error: unknown) => {
        ports.logger.warn('where a member says that it is could not be taken up', { memberId, error });
      });
    },
    homeServices: [heldBack(serve(MemberServiceDefinition, service), witnesses.seen)],
    run: (signal) => {
      trust.onDoubt((memberId) => {
        dialler.ask(memberId, signal).catch((error: unknown) => {
          if (!signal.aborted) ports.logger.error('a member could not be asked for its CAs', { memberId, error });
        });
      });
      return Promise.all([introductions.run(signal), recordEndpoints({ ...options, ...ports }, signal)]);
    },
    findings: () => waitingMembers(views),
    stop: async () => forget(),
  };
}

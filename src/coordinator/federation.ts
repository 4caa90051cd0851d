import type { CollectiveError, MemberId } from '../base/index.js';
import type { PeerIdentity } from '../identity/index.js';
import type { BoundService, Finding, OpenCall, RpcChannel, RpcListener } from '../transport/index.js';
import type { CertificateAuthority } from './certificates/authority.js';
import type { CommandLoop } from './commands/command-loop.js';
import type { CoordinatorOptions } from './coordinator-options.js';
import { type CopiesPart, openCopiesPart, type OwnCopies } from './foreign/copies-part.js';
import type { ConnectionSince } from './foreign/member-reaches.js';
import type { SharedCopies } from './foreign/shared-copies.js';
import type { SharedSpace } from './foreign/shared-space.js';
import type { JoinDesk } from './members/join-desk.js';
import { openMembersPart } from './members/members-part.js';
import type { OtherLogs } from './members/other-logs.js';
import type { PeerTrust } from './members/peer-trust.js';
import type { ForeignLog } from './peers/copies/foreign-log.js';
import type { ForeignLogs } from './peers/copies/foreign-logs.js';
import { knownLog } from './peers/copies/known-log.js';
import { connectionTo } from './peers/report/peer-report.js';
import type { PeersOffice } from './peers/peers-office.js';
import { openForeignLogs, openPeersPart, readForeignLogs } from './peers/peers-part.js';
import type { NodeRegistry } from './nodes/node-registry.js';
import { logsDirectoryOf, type OpenedMember } from './open-member.js';
import { type RemoteTreesOptions, remoteTrees } from './remote/remote-trees.js';
import { hearMembers, type OwnLogAtPeers } from './witnesses/hear-members.js';
import type { WitnessOffice } from './witnesses/witness-office.js';

/** What the coordinator is made of, for the parts that deal with other members. */
export interface FederationOptions extends CoordinatorOptions {
  readonly member: OpenedMember;
  readonly commands: CommandLoop;
  readonly authority: CertificateAuthority;
  readonly registry: NodeRegistry;
  readonly witnesses: WitnessOffice;
  readonly ownCopies: OwnCopies;
}

/** The same, and what the federation itself gives to its parts. */
export interface FederationContext extends FederationOptions {
  readonly trust: PeerTrust;
  /** A channel to an admitted member's coordinator, which follows where it is and its CAs. The caller closes it. */
  readonly connectPeer: (memberId: MemberId) => RpcChannel;
}

/** Something that deals with other members: what it serves, what it does by itself, what it has to say to people. */
export interface FederationPart {
  readonly homeServices?: readonly BoundService[];
  readonly peerServices?: readonly BoundService[];
  /** Until the signal; never rejects. */
  run?(signal: AbortSignal): Promise<unknown>;
  /** After `run` has ended and nobody calls any more. */
  stop?(): Promise<void>;
  findings?(): Promise<readonly Finding[]>;
  /** A member is about to be removed: copies that lie with it are made elsewhere, where they can be. Rejects to keep it. */
  beforeRemoval?(memberId: MemberId, signal: AbortSignal): Promise<void>;
}

/** All that this coordinator has to do with other members. */
export class Federation {
  readonly trust: PeerTrust;
  /** Lets members in that come with an invite. */
  readonly joining: JoinDesk;
  /** Copies with other members, for the calls of the own tree. */
  readonly copies: SharedCopies;
  /** How much lies with others, and here for them. */
  readonly space: SharedSpace;
  readonly #options: FederationOptions;
  readonly #parts: FederationPart[];
  readonly #office: PeersOffice;
  readonly #logs: OtherLogs;
  readonly #foreign: ForeignLogs;
  readonly #listening: Listening;

  private constructor(
    options: FederationOptions,
    made: {
      readonly trust: PeerTrust;
      readonly joining: JoinDesk;
      readonly copies: CopiesPart;
      readonly parts: FederationPart[];
      readonly office: PeersOffice;
      readonly logs: OtherLogs;
      readonly foreign: ForeignLogs;
      readonly listening: Listening;
    },
  ) {
    this.#options = options;
    this.trust = made.trust;
    this.joining = made.joining;
    this.copies = made.copies.shared;
    this.space = made.copies.space;
    this.#parts = made.parts;
    this.#office = made.office;
    this.#logs = made.logs;
    this.#foreign = made.foreign;
    this.#listening = made.listening;
  }

  static async open(options: FederationOptions): Promise<Federation> {
    const { directory, ports, member } = options;
    const own = options.authority.own.memberId;
    const limitBytes = options.memberLogBytes;
    const logsDirectory = logsDirectoryOf(directory);
    const foreign = await openForeignLogs({ logsDirectory, own, views: member.views, limitBytes, ports });
    const parts: FederationPart[] = [];
    try {
      return await Federation.#openParts(options, foreign, parts);
    } catch (error) {
      for (const part of parts.toReversed()) await part.stop?.();
      await foreign.close();
      throw error;
    }
  }

  static async #openParts(options: FederationOptions, foreign: ForeignLogs, parts: FederationPart[]): Promise<Federation> {
    const listening: Listening = { listener: undefined };
    const { witnesses, member } = options;
    const own = options.authority.own.memberId;
    const logs: OtherLogs = readForeignLogs(foreign, member.views);
    const members = await openMembersPart({
      ...options,
      views: options.member.views,
      logs,
      closePeerCalls: (matches, error) => closeCalls(listening, matches, error),
      beforeRemoval: async (memberId, signal) => {
        for (const part of parts) await part.beforeRemoval?.(memberId, signal);
      },
    });
    parts.push(members);
    const { trust, joining, connect } = members;
    const settled = witnesses.settledLog;
    const ownEndpoints = options.peerEndpoints ?? [];
    const { onEndpoints } = members;
    const peers = await openPeersPart({ ...options, foreign, settled, peers: trust, connect, ownEndpoints, onEndpoints });
    parts.push(peers, ownLogAt(peers.office, own, witnesses));
    const reach = (memberId: MemberId): RpcChannel => peers.office.connect(memberId);
    const { log, views } = options.member;
    const connectionOf = (memberId: MemberId): ConnectionSince => {
      const { awaySinceMs } = peers.office.parts.memory.of(memberId);
      return { ...connectionTo(peers.office.parts, memberId), awaySinceMs };
    };
    const copies = openCopiesPart({
      ...options,
      own: options.authority.memberId,
      log,
      views,
      trust,
      connect: reach,
      connectionOf,
      logs,
    });
    parts.push(copies);
    return new Federation(options, { trust, joining, copies, parts, office: peers.office, logs, foreign, listening });
  }

  /** The trees of members, the own one among them: for own clients and, as far as it is granted, for those of others. */
  openTrees(trees: Pick<RemoteTreesOptions, 'parts' | 'access' | 'ticketsForOthers' | 'nodesTrust'>): void {
    const { commands, authority, member, witnesses, ports, material } = this.#options;
    const own = { memberId: authority.memberId, name: material.name };
    const { views } = member;
    const { seen } = witnesses;
    const { trust } = this;
    const office = this.#office;
    const links = {
      trust,
      connect: (memberId: MemberId): RpcChannel => office.connect(memberId),
      logs: this.#logs,
      isConnected: (memberId: MemberId) => office.links.get(memberId) !== undefined,
      knownLog: (origin: MemberId) => knownLog(office.parts, origin),
    };
    this.#parts.push(remoteTrees({ ...trees, ...ports, ...links, own, commands, authority, views, seen }));
  }

  /** Copies of other members' logs whose views are live. */
  get foreignLogs(): readonly ForeignLog[] {
    return this.#foreign.all();
  }

  get homeServices(): readonly BoundService[] {
    return this.#parts.flatMap(({ homeServices }) => homeServices ?? []);
  }

  /** The port that was bound; undefined where other members are dialled only. */
  get port(): number | undefined {
    return this.#listening.listener?.port;
  }

  /** Serves other members' coordinators, on a port if there is to be one. Error: CONFIG_INVALID. */
  async listen(): Promise<void> {
    const { peer, transport, authority, ports } = this.#options;
    const services = this.#parts.flatMap(({ peerServices }) => peerServices ?? []);
    this.#office.serve(services, authority.own);
    if (peer === undefined) return;
    this.#listening.listener = await transport.listen({
      kind: 'peer',
      ...peer,
      own: authority.own,
      peers: this.trust,
      logger: ports.logger,
      services,
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    // Each gets a signal of its own: with many listeners on one Node warns of a leak.
    await Promise.allSettled(this.#parts.map(async (part) => part.run?.(AbortSignal.any([signal]))));
  }

  async findings(): Promise<readonly Finding[]> {
    return (await Promise.all(this.#parts.map(async (part) => (await part.findings?.()) ?? []))).flat();
  }

  async close(graceMs: number): Promise<void> {
    await this.#listening.listener?.close(graceMs);
  }

  /** Once `run` has ended, or instead of it. */
  async stop(): Promise<void> {
    for (const part of this.#parts.toReversed()) await part.stop?.();
  }
}

/** What peers say of their copies of the own log is for those who look after such copies. */
const ownLogAt = (peers: OwnLogAtPeers, own: MemberId, witnesses: WitnessOffice): FederationPart => ({
  run: (signal) => {
    const forget = hearMembers(peers, own, (session, head) => witnesses.heardMember(session, head));
    signal.addEventListener('abort', forget, { once: true });
    return Promise.resolve();
  },
});

interface Listening {
  listener: RpcListener | undefined;
}

function closeCalls({ listener }: Listening, matches: (caller: PeerIdentity) => boolean, error: CollectiveError): number {
  const matching = ({ caller }: OpenCall): boolean => caller !== undefined && matches(caller);
  return listener?.closeCalls(matching, error) ?? 0;
}

import type { CollectiveError, MemberId } from '../base/index.js';
import type { PeerIdentity } from '../identity/index.js';
import type { BoundService, Finding, OpenCall, RpcChannel, RpcListener } from '../transport/index.js';
import type { CertificateAuthority } from './certificates/authority.js';
import type { CommandLoop } from './commands/command-loop.js';
import type { CoordinatorOptions } from './coordinator-options.js';
import type { JoinDesk } from './members/join-desk.js';
import { openMembersPart } from './members/members-part.js';
import type { OtherLogs } from './members/other-logs.js';
import type { PeerTrust } from './members/peer-trust.js';
import type { NodeRegistry } from './nodes/node-registry.js';
import type { OpenedMember } from './open-member.js';
import type { WitnessOffice } from './witnesses/witness-office.js';

/** What the coordinator is made of, for the parts that deal with other members. */
export interface FederationOptions extends CoordinatorOptions {
  readonly member: OpenedMember;
  readonly commands: CommandLoop;
  readonly authority: CertificateAuthority;
  readonly registry: NodeRegistry;
  readonly witnesses: WitnessOffice;
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

/** Until copies of other members' logs are kept. */
const NO_LOGS: OtherLogs = {
  headOf: () => undefined,
  read: () => Promise.resolve(undefined),
  onApplied: () => () => undefined,
};

/** All that this coordinator has to do with other members. */
export class Federation {
  readonly trust: PeerTrust;
  /** Lets members in that come with an invite. */
  readonly joining: JoinDesk;
  readonly #options: FederationOptions;
  readonly #parts: readonly FederationPart[];
  readonly #listening: Listening;

  private constructor(
    options: FederationOptions,
    made: {
      readonly trust: PeerTrust;
      readonly joining: JoinDesk;
      readonly parts: readonly FederationPart[];
      readonly listening: Listening;
    },
  ) {
    this.#options = options;
    this.trust = made.trust;
    this.joining = made.joining;
    this.#parts = made.parts;
    this.#listening = made.listening;
  }

  static async open(options: FederationOptions): Promise<Federation> {
    const parts: FederationPart[] = [];
    const listening: Listening = { listener: undefined };
    const members = await openMembersPart({
      ...options,
      views: options.member.views,
      logs: NO_LOGS,
      closePeerCalls: (matches, error) => closeCalls(listening, matches, error),
      beforeRemoval: async (memberId, signal) => {
        for (const part of parts) await part.beforeRemoval?.(memberId, signal);
      },
    });
    parts.push(members);
    const { trust, joining } = members;
    return new Federation(options, { trust, joining, parts, listening });
  }

  get homeServices(): readonly BoundService[] {
    return this.#parts.flatMap(({ homeServices }) => homeServices ?? []);
  }

  /** The port that was bound; undefined where other members are dialled only. */
  get port(): number | undefined {
    return this.#listening.listener?.port;
  }

  /** Opens the port for other members' coordinators, if there is to be one. Error: CONFIG_INVALID. */
  async listen(): Promise<void> {
    const { peer, transport, authority, ports } = this.#options;
    if (peer === undefined) return;
    this.#listening.listener = await transport.listen({
      kind: 'peer',
      ...peer,
      own: authority.own,
      peers: this.trust,
      logger: ports.logger,
      services: this.#parts.flatMap(({ peerServices }) => peerServices ?? []),
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.allSettled(this.#parts.map((part) => part.run?.(signal)));
  }

  async findings(): Promise<readonly Finding[]> {
    return (await Promise.all(this.#parts.map((part) => part.findings?.() ?? []))).flat();
  }

  async close(graceMs: number): Promise<void> {
    await this.#listening.listener?.close(graceMs);
  }

  /** Once `run` has ended. */
  async stop(): Promise<void> {
    for (const part of this.#parts.toReversed()) await part.stop?.();
  }
}

interface Listening {
  listener: RpcListener | undefined;
}

function closeCalls({ listener }: Listening, matches: (caller: PeerIdentity) => boolean, error: CollectiveError): number {
  const matching = ({ caller }: OpenCall): boolean => caller !== undefined && matches(caller);
  return listener?.closeCalls(matching, error) ?? 0;
}

import type { CollectiveError } from '../base/index.js';
import type { PeerIdentity } from '../identity/index.js';
import type { BoundService, Finding, OpenCall, RpcListener } from '../transport/index.js';
import type { CertificateAuthority } from './certificates/authority.js';
import type { CommandLoop } from './commands/command-loop.js';
import type { CoordinatorOptions } from './coordinator-options.js';
import { LivePeerTrust } from './members/live-peer-trust.js';
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
  /** Ends what other coordinators have open here. Returns how many calls. */
  readonly closePeerCalls: (matches: (caller: PeerIdentity) => boolean, error: CollectiveError) => number;
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
}

/** All that this coordinator has to do with other members. */
export class Federation {
  readonly trust: PeerTrust;
  readonly homeServices: readonly BoundService[];
  readonly #options: FederationOptions;
  readonly #parts: readonly FederationPart[];
  #listener: RpcListener | undefined;

  private constructor(options: FederationOptions, trust: PeerTrust, parts: (context: FederationContext) => FederationPart[]) {
    this.#options = options;
    this.trust = trust;
    this.#parts = parts({ ...options, trust, closePeerCalls: (matches, error) => this.#closeCalls(matches, error) });
    this.homeServices = this.#parts.flatMap(({ homeServices }) => homeServices ?? []);
  }

  static async open(options: FederationOptions): Promise<Federation> {
    const trust = await LivePeerTrust.open({
      ...options.ports,
      admitted: () => Promise.resolve([]),
      inItsLog: () => Promise.resolve(undefined),
    });
    return new Federation(options, trust, () => []);
  }

  /** The port that was bound; undefined where other members are dialled only. */
  get port(): number | undefined {
    return this.#listener?.port;
  }

  /** Opens the port for other members' coordinators, if there is to be one. Error: CONFIG_INVALID. */
  async listen(): Promise<void> {
    const { peer, transport, authority, ports } = this.#options;
    if (peer === undefined) return;
    this.#listener = await transport.listen({
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
    await this.#listener?.close(graceMs);
  }

  /** Once `run` has ended. */
  async stop(): Promise<void> {
    for (const part of this.#parts.toReversed()) await part.stop?.();
  }

  #closeCalls(matches: (caller: PeerIdentity) => boolean, error: CollectiveError): number {
    const matching = ({ caller }: OpenCall): boolean => caller !== undefined && matches(caller);
    return this.#listener?.closeCalls(matching, error) ?? 0;
  }
}

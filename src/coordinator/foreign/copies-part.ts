import { LIMITS, type MemberId } from '../../base/index.js';
import type { CopiesPolicy, MemberReach } from '../../domain/index.js';
import type { EventLog } from '../../events/index.js';
import type { Clock, Hasher, Logger, Random, Timers } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import { CopiesServiceDefinition, HoldingServiceDefinition, type RpcChannel, serve } from '../../transport/index.js';
import type { UnrecordedLeaves } from '../certificates/unrecorded-leaves.js';
import type { CommandLoop } from '../commands/command-loop.js';
import type { FederationPart } from '../federation.js';
import type { PlacementOffice } from '../files/placement-office.js';
import type { ReceiptCheck } from '../files/receipt-check.js';
import type { TicketOffices } from '../files/tickets.js';
import type { OtherLogs } from '../members/other-logs.js';
import type { PeerTrust } from '../members/peer-trust.js';
import type { DamageDesk } from '../nodes/damage-desk.js';
import type { NodeRegistry } from '../nodes/node-registry.js';
import { heldBack } from '../witnesses/held-back.js';
import type { WitnessOffice } from '../witnesses/witness-office.js';
import { copiesFindings } from './copies-findings.js';
import { CopiesService } from './copies-service.js';
import { CopySources } from './copy-sources.js';
import { CopyFetcher } from './copy-fetcher.js';
import { CopyProofs } from './copy-proofs.js';
import { Forfeits } from './forfeits.js';
import { HoldingService } from './holding-service.js';
import { Leaving } from './leaving.js';
import { KeptFetching } from './kept-fetching.js';
import { KeptMender } from './kept-mender.js';
import { KeptWatch } from './kept-watch.js';
import { MemberCalls } from './member-calls.js';
import { MemberDamage } from './member-damage.js';
import { type ConnectionSince, MemberReaches } from './member-reaches.js';
import { MemberReceipts } from './member-receipts.js';
import { MemberSources } from './member-sources.js';
import { ReaderDesk } from './reader-desk.js';
import { ReaderSources } from './reader-sources.js';
import { Releases } from './releases.js';
import { Reservations } from './reservations.js';
import type { SharedCopies } from './shared-copies.js';
import { SharedPlacement } from './shared-placement.js';
import { SharedSpace } from './shared-space.js';

/** What the own tree and the own nodes are served with. */
export interface OwnCopies {
  readonly placement: PlacementOffice;
  readonly receipts: ReceiptCheck;
  readonly unrecorded: UnrecordedLeaves;
  readonly damage: DamageDesk;
  /** What holds where no folder has a policy. */
  readonly policy: CopiesPolicy;
  /** Tickets for own nodes, for the chunks of any member. */
  readonly ticketsFor: TicketOffices;
}

export interface CopiesPartOptions {
  readonly own: MemberId;
  /** How long versions are kept; default LIMITS.retentionMs. */
  readonly retentionMs?: number;
  readonly ownCopies: OwnCopies;
  readonly log: Pick<EventLog, 'onCommitted' | 'head'>;
  readonly views: ViewHost;
  readonly commands: CommandLoop;
  readonly registry: NodeRegistry;
  readonly witnesses: WitnessOffice;
  readonly trust: PeerTrust;
  readonly logs: OtherLogs;
  readonly connect: (memberId: MemberId) => RpcChannel;
  readonly connectionOf: (memberId: MemberId) => ConnectionSince;
  readonly ports: {
    readonly clock: Clock;
    readonly timers: Timers;
    readonly random: Random;
    readonly hasher: Hasher;
    readonly logger: Logger;
  };
}

/** Copies across members: ours with others, and theirs with us. */
export interface CopiesPart extends FederationPart {
  readonly shared: SharedCopies;
  readonly space: SharedSpace;
}

export function openCopiesPart(options: CopiesPartOptions): CopiesPart {
  const { own, ownCopies, views, commands, registry, witnesses, trust, logs, ports } = options;
  const { placement, receipts, unrecorded, policy } = ownCopies;
  const calls = new MemberCalls({ ...ports, trust, connect: options.connect });
  const reaches = new MemberReaches({ ...ports, trust, calls, connectionOf: options.connectionOf });
  const reachOf = (memberId: MemberId): MemberReach => reaches.of(memberId);
  const isHere = (memberId: MemberId): boolean => reachOf(memberId) === 'here';
  const sources = { views, own, knowsLogOf: (memberId: MemberId) => logs.headOf(memberId) !== undefined };
  const fetcher = new CopyFetcher({ ...ports, views, registry, receipts, unrecorded });
  const reading = new MemberSources({ trust, calls, logger: ports.logger });
  const copySources = new CopySources({ views, tickets: ownCopies.ticketsFor(own, false), members: reading });
  const retentionMs = options.retentionMs ?? LIMITS.retentionMs;
  const held = { ...ownCopies, views, registry };
  const holding = new HoldingService({
    ...held,
    own,
    trust,
    sources: copySources,
    commands,
    fetcher,
    readers: new ReaderDesk({ ...held, own, logs, clock: ports.clock, retentionMs }),
    reservations: new Reservations(),
    clock: ports.clock,
  });
  const damage = new MemberDamage({ commands, calls, logger: ports.logger });
  const fetching = new KeptFetching({ ...ports, placement, fetcher });
  const mender = new KeptMender({
    ...ports,
    ...ownCopies,
    own,
    log: options.log,
    views,
    commands,
    fetching,
    calls,
    trust,
    isHere,
  });
  const space = new SharedSpace({ ...sources, trust, reachOf, freeBytes: () => placement.room(1) });
  const releases = new Releases();
  const placing = new SharedPlacement({ ...ports, ...sources, placement, trust, calls, releases, reachOf });
  const leaving = new Leaving({
    ...ports,
    own,
    views,
    commands,
    placement,
    fetcher,
    calls,
    registry,
    isHere,
    shared: placing,
    sources: copySources,
  });
  const service = new CopiesService({ ...sources, space, placement, commands, leaving, reachOf, policy, hasher: ports.hasher });
  const forfeits = new Forfeits({ ...ports, views, damage, trust });
  const watch = new KeptWatch({
    ...ports,
    own,
    views,
    commands,
    logs,
    damage,
    calls,
    proofs: new CopyProofs({ ...ports, placement, fetcher, members: reading }),
    releases,
    isHere,
    isWhole: () => options.log.head.epoch === 1,
    isLeaving: (memberId) => leaving.isLeaving(memberId),
  });
  return {
    space,
    shared: {
      placement: placing,
      receipts: new MemberReceipts({ views, receipts, calls }),
      sources: reading,
      readers: new ReaderSources({ ...held, own, trust, calls, logger: ports.logger }),
      damage,
      reachOf,
      isLongGone: (memberId) => reaches.isLongGone(memberId),
      nameOf: (memberId) => trust.of(memberId)?.name ?? memberId.slice(0, 8),
    },
    beforeRemoval: (memberId, signal) => leaving.replace({ memberId, signal }),
    homeServices: [heldBack(serve(CopiesServiceDefinition, service), witnesses.seen)],
    peerServices: [serve(HoldingServiceDefinition, holding)],
    findings: () => views.run(copiesFindings),
    run: (signal) => Promise.all([watch, mender, forfeits].map((each) => each.run(AbortSignal.any([signal])))),
    stop: async () => calls.close(),
  };
}

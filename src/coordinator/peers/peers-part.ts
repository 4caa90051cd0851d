import { LIMITS, type MemberId } from '../../base/index.js';
import type { LogPosition, RecordedEvent } from '../../events/index.js';
import type { PeerPool } from '../../identity/index.js';
import type { Clock, FileSystem, Hasher, Logger, Random, SignatureVerifier, Timers } from '../../ports/index.js';
import type { ViewHost, Views } from '../../projections/index.js';
import {
  type BoundService,
  type Finding,
  PeerAdminServiceDefinition,
  PeerServiceDefinition,
  type RpcChannel,
  serve,
} from '../../transport/index.js';
import type { CommandLoop } from '../commands/command-loop.js';
import type { OpenedMember } from '../open-member.js';
import { ForeignLogs } from './copies/foreign-logs.js';
import type { SettledLog } from './telling/own-feed.js';
import { PeersOffice } from './peers-office.js';
import { refusedThere } from './reaching/refused-there.js';

interface Ports {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  readonly logger: Logger;
}

/** Opens the copies of others' logs that lie beside the own one, or none; their views are brought up to them meanwhile. */
export async function openForeignLogs(options: {
  readonly logsDirectory: string;
  readonly own: MemberId;
  readonly views: ViewHost;
  /** How large each may become. Default: LIMITS.memberLogBytes. */
  readonly limitBytes?: number | undefined;
  readonly ports: Ports;
}): Promise<ForeignLogs> {
  const { logsDirectory, own, views, ports, limitBytes = LIMITS.memberLogBytes } = options;
  const foreign = new ForeignLogs({ ...ports, root: logsDirectory, ownOrigin: own, views, limitBytes });
  try {
    await foreign.openAll();
    return foreign;
  } catch (error) {
    await foreign.close();
    throw error;
  }
}

/** The copies as those see them who only read their views. */
export function readForeignLogs(
  foreign: ForeignLogs,
  views: ViewHost,
): {
  headOf(origin: MemberId): LogPosition | undefined;
  read<Value>(origin: MemberId, work: (all: Views) => Value): Promise<Value | undefined>;
  onApplied(listener: (origin: MemberId, events: readonly RecordedEvent[]) => void): () => void;
} {
  return {
    headOf: (origin) => foreign.get(origin)?.head,
    read: (origin, work) => (foreign.get(origin) === undefined ? Promise.resolve(undefined) : views.run(work, origin)),
    onApplied: (listener) => foreign.onApplied(listener),
  };
}

export interface PeersPart {
  readonly office: PeersOffice;
  readonly homeServices: readonly BoundService[];
  readonly peerServices: readonly BoundService[];
  run(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
  findings(): Promise<readonly Finding[]>;
}

/** Sessions with peers, and all that goes over them. It closes `foreign` when it stops. */
export async function openPeersPart(options: {
  readonly member: OpenedMember;
  readonly foreign: ForeignLogs;
  readonly commands: Pick<CommandLoop, 'submit' | 'budgets'>;
  readonly settled: SettledLog;
  readonly peers: PeerPool;
  readonly connect: (memberId: MemberId) => RpcChannel;
  readonly softwareVersion: string;
  readonly ownEndpoints?: readonly string[];
  readonly onEndpoints?: (memberId: MemberId, endpoints: readonly string[]) => void;
  readonly ports: Ports;
}): Promise<PeersPart> {
  const { member, ports } = options;
  const office = await PeersOffice.open({
    ownEndpoints: [],
    onEndpoints: () => undefined,
    ...options,
    ...ports,
    own: member.log.origin,
    log: member.log,
    views: member.views,
  });
  return {
    office,
    homeServices: [serve(PeerAdminServiceDefinition, office.adminService)],
    peerServices: [serve(PeerServiceDefinition, office.service)],
    run: (signal) => office.run(signal),
    stop: () => office.stop(),
    findings: async () => [...office.findings(), ...(await refusedThere(office.parts, member.views, ports.clock.nowMs()))],
  };
}

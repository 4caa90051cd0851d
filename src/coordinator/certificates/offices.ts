import type { EventLog } from '../../events/index.js';
import type { ViewHost } from '../../projections/index.js';
import type { RpcListener } from '../../transport/index.js';
import type { AppendGate } from '../commands/append-gate.js';
import type { CommandLoop } from '../commands/command-loop.js';
import type { CoordinatorOptions } from '../coordinator-options.js';
import type { NodeRegistry } from '../nodes/node-registry.js';
import { CertificateAuthority } from './authority.js';
import { RenewalDesk } from './certificate-service.js';
import { runLapseWatch } from './lapse-watch.js';
import { OwnRenewal } from './own-renewal.js';
import { RevocationDesk } from './revocation-desk.js';
import { Revocations } from './revocations.js';
import { RotationDesk } from './rotation-desk.js';
import { TrustDesk } from './trust-desk.js';
import { UnrecordedLeaves } from './unrecorded-leaves.js';
import { WithdrawalLoop } from './withdrawal-loop.js';

export interface CertificateOfficesOptions
  extends Pick<CoordinatorOptions, 'material' | 'files' | 'homeEndpoints' | 'enrolmentEndpoints' | 'ports'> {
  readonly certificateLifeMs: number;
  readonly log: EventLog;
  readonly views: ViewHost;
  readonly commands: CommandLoop;
  readonly gate: AppendGate;
  readonly registry: NodeRegistry;
  /** SPKI DER of the keys whose tickets nodes are to honour. */
  readonly ticketPublicKeys: () => readonly Uint8Array[];
  /** Cuts what a revoked caller has open at the home listener. */
  readonly closeCalls: RpcListener['closeCalls'];
  /** The log is signed with this key (SPKI DER) from now on. */
  readonly onLogKey: (publicKey: Uint8Array) => void;
  /** A node was revoked or removed. */
  readonly onNodeGone: () => void;
}

export interface CertificateOffices {
  readonly authority: CertificateAuthority;
  readonly revocations: Revocations;
  readonly trust: TrustDesk;
  readonly revocation: RevocationDesk;
  readonly renewals: RenewalDesk;
  readonly unrecorded: UnrecordedLeaves;
  readonly rotation: RotationDesk;
  /** Keeps the own certificate good, and ends what was revoked or has lapsed, until the signal. */
  run(signal: AbortSignal): Promise<unknown>;
}

/** Everything about certificates, with the coordinator's own renewed if it is due: nobody would accept one that has expired. */
export async function openCertificateOffices(options: CertificateOfficesOptions): Promise<CertificateOffices> {
  const { material, ports, views, commands, log, registry, certificateLifeMs: lifeMs } = options;
  const { clock, timers, random, hasher, logger } = ports;
  const authority = await CertificateAuthority.open({ material, views, lifeMs, clock, random });
  const unrecorded = new UnrecordedLeaves({ commands, gate: options.gate, views, clock, timers, logger });
  const ownRenewal = new OwnRenewal({ authority, memberName: material.name, unrecorded, files: options.files, ...ports });
  const renewed = await ownRenewal.renewIfDue();
  if (renewed !== undefined) unrecorded.add(renewed.certificate);
  const revocations = await Revocations.load(views);
  const trust = new TrustDesk({ authority, views, registry, ticketPublicKeys: options.ticketPublicKeys, clock, logger });
  const withdrawal = new WithdrawalLoop({ views, commands, timers, logger });
  const revocation = new RevocationDesk({
    commands,
    views,
    registry,
    revocations,
    unrecorded,
    trust,
    closeCalls: options.closeCalls,
    onNodeGone: () => {
      withdrawal.look();
      options.onNodeGone();
    },
    clock,
    hasher,
    logger,
  });
  const { homeEndpoints, enrolmentEndpoints, onLogKey, files } = options;
  const renewals = new RenewalDesk({ authority, commands, unrecorded, views, homeEndpoints, enrolmentEndpoints, clock, logger });
  const rotation = new RotationDesk({
    authority,
    renewal: ownRenewal,
    unrecorded,
    trust,
    commands,
    log,
    views,
    files,
    ...ports,
    onLogKey,
  });
  return {
    authority,
    revocations,
    trust,
    revocation,
    renewals,
    unrecorded,
    rotation,
    run: (signal) =>
      Promise.allSettled([
        ownRenewal.run(signal),
        unrecorded.run(signal),
        withdrawal.run(signal),
        runLapseWatch({ revocation, timers, logger, lifeMs }, signal),
      ]),
  };
}

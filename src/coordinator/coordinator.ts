import { CollectiveError, LIMITS } from '../base/index.js';
import { createSigner } from '../identity/index.js';
import type {
  Clock,
  FileSystem,
  Hasher,
  KeyValueStores,
  Logger,
  Random,
  SignatureVerifier,
  Timers,
  Signer,
} from '../ports/index.js';
import {
  AdminServiceDefinition,
  CertificateServiceDefinition,
  EnrolmentServiceDefinition,
  FilesServiceDefinition,
  NodeSessionServiceDefinition,
  type RpcListener,
  type RpcTransport,
  serve,
  WitnessAdminServiceDefinition,
  WitnessServiceDefinition,
} from '../transport/index.js';
import { AdminService } from './admin/admin-service.js';
import { type ExportedKeys, type ProcessFacts, StatusDesk } from './admin/status-desk.js';
import { CertificateAuthority } from './certificates/authority.js';
import { RenewalDesk } from './certificates/certificate-service.js';
import { OwnRenewal } from './certificates/own-renewal.js';
import { RevocationDesk } from './certificates/revocation-desk.js';
import { Revocations } from './certificates/revocations.js';
import { RotationDesk } from './certificates/rotation-desk.js';
import { runLapseWatch } from './certificates/lapse-watch.js';
import { TrustDesk } from './certificates/trust-desk.js';
import { WithdrawalLoop } from './certificates/withdrawal-loop.js';
import { CommandLoop } from './commands/command-loop.js';
import { EnrolmentService } from './enrolment/enrolment-service.js';
import { CopyCalls } from './files/copy-calls.js';
import { filesService } from './files/files-service.js';
import { HistoryCalls } from './files/history-calls.js';
import { NamespaceCalls } from './files/namespace-calls.js';
import { PlacementOffice } from './files/placement-office.js';
import { ProtectionDesk } from './files/protection-desk.js';
import { ProtectionSurvey } from './files/protection-survey.js';
import { ReadCalls } from './files/read-calls.js';
import { ReceiptCheck } from './files/receipt-check.js';
import { TicketOffice } from './files/tickets.js';
import { UploadCalls } from './files/upload-calls.js';
import { Audit } from './log/audit.js';
import { auditBesideService } from './log/background-audit.js';
import { bytesOfFiles } from './log/bytes-of-files.js';
import type { MemberFileStore, MemberMaterial } from './member/member-files.js';
import { DamageDesk } from './nodes/damage-desk.js';
import { LivenessLoop } from './nodes/liveness-loop.js';
import { NodeRegistry } from './nodes/node-registry.js';
import { NodeSessionService } from './nodes/node-session-service.js';
import { logDirectoryOf, type OpenedMember } from './open-member.js';
import { markDamaged, openOrRescue } from './open-or-rescue.js';
import { heldBack } from './witnesses/held-back.js';
import { WitnessAdminService } from './witnesses/witness-admin-service.js';
import { WitnessOffice } from './witnesses/witness-office.js';
import { runUpkeep } from './upkeep-loop.js';

const CLOSE_GRACE_MS = 2000;

export interface CoordinatorOptions {
  /** Absolute; locked by the caller for as long as the coordinator runs. */
  readonly directory: string;
  readonly material: MemberMaterial;
  /** Where keys and certificates that are made while it runs are kept. */
  readonly files: MemberFileStore;
  readonly home: { readonly host: string; readonly port: number };
  readonly enrolment: { readonly host: string; readonly port: number };
  /** `host:port` that others are told to use. */
  readonly homeEndpoints: readonly string[];
  readonly enrolmentEndpoints: readonly string[];
  readonly softwareVersion: string;
  /** The disk of the directory (diskIdOf); empty: not known. Copies of the log on the same one are no copies if it fails. */
  readonly diskId?: string;
  /** Which keys were exported last, and so survive the directory: hex of the log key's id and of the CA's SHA-256. */
  readonly exportedKeys?: () => Promise<ExportedKeys | undefined>;
  /** An operator's word that the log in the directory is its latest state, where the witnesses cannot be asked. */
  readonly assertLatest?: boolean;
  /** The same word, for as long as the log ends here: where its newest epoch was started. */
  readonly assertedHead?: { readonly epoch: number; readonly sequence: number };
  readonly defaultCopies?: number;
  /** How many of those are enough for now, where there are not so many nodes. Default: all of them. */
  readonly minimumCopies?: number;
  readonly nodeUnreachableAfterMs?: number;
  /** From one verification of log and views to the next. Default: LIMITS.auditIntervalMs. */
  readonly auditIntervalMs?: number;
  /** Of the certificates that it issues. Default: LIMITS.leafLifeMs. */
  readonly certificateLifeMs?: number;
  /** How long what was deleted or overwritten can be restored. Default: LIMITS.retentionMs. */
  readonly retentionMs?: number;
  readonly processFacts: () => ProcessFacts;
  readonly transport: RpcTransport;
  readonly ports: {
    readonly fileSystem: FileSystem;
    readonly stores: KeyValueStores;
    readonly clock: Clock;
    readonly timers: Timers;
    readonly random: Random;
    readonly hasher: Hasher;
    readonly verifier: SignatureVerifier;
    readonly logger: Logger;
  };
}

export interface Coordinator {
  /** Resolves when both listeners accept. The ports that were bound. */
  start(signal: AbortSignal): Promise<{ readonly homePort: number; readonly enrolmentPort: number }>;
  /** Finishes what is under way, flushes, closes. */
  stop(): Promise<void>;
  /** Resolves with the reason when it cannot go on: a failed log or view. The process should stop it and end. */
  readonly failed: Promise<CollectiveError>;
}

const DEFAULT_COPIES = 2;

const SHOWS_EVENTS: ReadonlySet<string> = new Set(
  ['ListEvents', 'GetEvent'].map((method) => `/${AdminServiceDefinition.fullName}/${method}`),
);

/** One member's coordinator over ports. */
export function createCoordinator(options: CoordinatorOptions): Coordinator {
  let running: Running | undefined;
  let reportFailure: (error: CollectiveError) => void = () => undefined;
  const failed = new Promise<CollectiveError>((resolve) => {
    reportFailure = resolve;
  });
  return {
    failed,
    async start(signal) {
      running = await Running.start(options, signal, reportFailure);
      return { homePort: running.home.port, enrolmentPort: running.enrolment.port };
    },
    async stop() {
      await running?.stop();
      running = undefined;
    },
  };
}

/** A coordinator with everything open. */
class Running {
  readonly home: RpcListener;
  readonly enrolment: RpcListener;
  readonly #member: OpenedMember;
  readonly #commands: CommandLoop;
  readonly #registry: NodeRegistry;
  readonly #witnesses: WitnessOffice;
  readonly #loops: AbortController;
  readonly #loopsEnded: Promise<unknown>;

  private constructor(parts: {
    readonly home: RpcListener;
    readonly enrolment: RpcListener;
    readonly member: OpenedMember;
    readonly commands: CommandLoop;
    readonly registry: NodeRegistry;
    readonly witnesses: WitnessOffice;
    readonly loops: AbortController;
    readonly loopsEnded: Promise<unknown>;
  }) {
    this.home = parts.home;
    this.enrolment = parts.enrolment;
    this.#member = parts.member;
    this.#commands = parts.commands;
    this.#registry = parts.registry;
    this.#witnesses = parts.witnesses;
    this.#loops = parts.loops;
    this.#loopsEnded = parts.loopsEnded;
  }

  static async start(
    options: CoordinatorOptions,
    signal: AbortSignal,
    onFailure: (error: CollectiveError) => void,
  ): Promise<Running> {
    const { memberId: origin, logKeys, nextLogKeys } = options.material;
    const logSigners = [logKeys, ...(nextLogKeys === undefined ? [] : [nextLogKeys])].map(createSigner);
    const member = await openOrRescue({ ...options, origin, logSigners, signal });
    try {
      return await Running.#serve(member, logSigners, options, onFailure);
    } catch (error) {
      await member.views.close();
      await member.log.close();
      throw error;
    }
  }

  static async #serve(
    member: OpenedMember,
    logSigners: readonly Signer[],
    options: CoordinatorOptions,
    onFailure: (error: CollectiveError) => void,
  ): Promise<Running> {
    const { ports, material, transport, directory } = options;
    const { clock, timers, logger, hasher, random, verifier, stores } = ports;
    const origin = material.memberId;
    const defaultCopies = options.defaultCopies ?? DEFAULT_COPIES;
    const policy = { wanted: defaultCopies, minimum: options.minimumCopies ?? defaultCopies };
    const retentionMs = options.retentionMs ?? LIMITS.retentionMs;
    const signingKeys = logSigners.map(({ publicKey }) => publicKey);
    const { log, views, viewsChecked, notices } = member;
    for (const notice of notices) logger.warn('mended at start', { notice });

    const witnesses = await WitnessOffice.open({
      ...ports,
      origin,
      log,
      views,
      ownDiskId: options.diskId ?? '',
      assertLatest: options.assertLatest ?? false,
      ...(options.assertedHead === undefined ? {} : { assertedHead: options.assertedHead }),
      signingKeys,
    });
    const commands = new CommandLoop({ log, views, clock, timers, gate: witnesses.gate });
    commands.onFailure((error) => {
      logger.error('the coordinator cannot go on', { error });
      onFailure(error);
    });
    const onLogDamaged = (): Promise<void> => markDamaged(ports.fileSystem, directory, origin);
    const { keeper, background } = auditBesideService({
      onLogDamaged,
      ...ports,
      log,
      views,
      commands,
      viewsChecked,
      intervalMs: options.auditIntervalMs,
      onFailure,
    });
    const certificateLifeMs = options.certificateLifeMs ?? LIMITS.leafLifeMs;
    const authority = await CertificateAuthority.open({ material, views, lifeMs: certificateLifeMs, clock, random });
    const { files: memberFiles } = options;
    const ownRenewal = new OwnRenewal({ authority, memberName: material.name, commands, files: memberFiles, ...ports });
    // Before anybody is let in: nobody would accept one that has expired.
    const unrecorded = await ownRenewal.renewIfDue();
    const revocations = await Revocations.load(views);
    const registry = new NodeRegistry(clock);
    const damage = new DamageDesk({ commands, registry, timers, logger });
    const ticketSigner = createSigner(material.ticketKeys);
    const tickets = new TicketOffice({
      origin,
      signer: ticketSigner,
      clock,
      random,
      hasher,
      revocationPosition: () => revocations.position,
    });
    const placement = new PlacementOffice({ views, registry, clock, timers });
    const receipts = new ReceiptCheck({ origin, views, clock, hasher, verifier });
    const audit = new Audit({ log, views, stores, scratchDirectory: directory, hasher, random, timers, logger, onLogDamaged });
    const protection = new ProtectionDesk({ views, registry });
    const survey = new ProtectionSurvey({ views, protection, clock, timers, logger });
    const status = new StatusDesk({
      ...options,
      log,
      views,
      registry,
      clock,
      policy,
      certificateLifeMs,
      startNotices: notices,
      witnesses,
      hasher,
      audit: () => background.report,
      room: (copies) => placement.room(copies),
      retentionMs,
      underProtectedFiles: () => survey.underProtectedFiles,
      logBytes: () => bytesOfFiles(ports.fileSystem, logDirectoryOf(directory, origin), log.lastSegment),
    });
    const files = filesService({
      uploads: new UploadCalls({ commands, views, placement, tickets, receipts, clock, random, hasher, policy }),
      reads: new ReadCalls({ views, registry, tickets, damage, clock, retentionMs }),
      namespace: new NamespaceCalls({ commands, views, clock, hasher }),
      history: new HistoryCalls({ commands, views, clock, hasher, retentionMs }),
      copies: new CopyCalls({ commands, views, hasher, retentionMs }),
      search: { views, registry, protection, clock, retentionMs },
    });
    const trust = new TrustDesk({
      authority,
      views,
      registry,
      ticketPublicKeys: () => [ticketSigner.publicKey],
      clock,
      logger,
    });
    const withdrawal = new WithdrawalLoop({ views, commands, timers, logger });
    const revocation = new RevocationDesk({
      commands,
      views,
      registry,
      revocations,
      trust,
      closeCalls: (matches, error) => home.closeCalls(matches, error),
      onNodeGone: () => withdrawal.look(),
      clock,
      hasher,
      logger,
    });
    const renewals = new RenewalDesk({
      authority,
      commands,
      views,
      homeEndpoints: options.homeEndpoints,
      enrolmentEndpoints: options.enrolmentEndpoints,
      clock,
      logger,
    });
    const rotation = new RotationDesk({
      authority,
      renewal: ownRenewal,
      trust,
      commands,
      log,
      views,
      files: memberFiles,
      ...ports,
      onLogKey: (publicKey) => signingKeys.push(publicKey),
    });
    const admin = new AdminService({
      authority,
      revocation,
      rotation,
      commands,
      log,
      views,
      status,
      audit,
      enrolmentEndpoints: options.enrolmentEndpoints,
      clock,
      random,
      hasher,
    });
    const sessions = new NodeSessionService({
      commands,
      registry,
      damage,
      trust,
      logger,
      welcome: () => ({
        memberId: origin,
        memberName: material.name,
        ticketPublicKeys: [ticketSigner.publicKey],
        heartbeatMs: LIMITS.heartbeatMs,
        revocationPosition: revocations.position,
      }),
    });
    const enrolling = new EnrolmentService({
      memberName: material.name,
      authority,
      renewals,
      commands,
      views,
      homeEndpoints: options.homeEndpoints,
      clock,
      random,
      hasher,
      verifier,
      logger,
    });

    const home = await transport.listen({
      kind: 'home',
      ...options.home,
      own: authority.own,
      admit: (caller) => revocations.admit(caller),
      logger,
      services: [
        heldBack(serve(FilesServiceDefinition, files), witnesses.seen),
        heldBack(serve(AdminServiceDefinition, admin), witnesses.seen, SHOWS_EVENTS),
        serve(WitnessAdminServiceDefinition, new WitnessAdminService({ office: witnesses, views, log, hasher })),
        serve(WitnessServiceDefinition, witnesses.service),
        serve(NodeSessionServiceDefinition, sessions),
        serve(CertificateServiceDefinition, renewals),
      ],
    });
    const enrolment = await transport.listen({
      kind: 'enrolment',
      ...options.enrolment,
      own: authority.own,
      logger,
      services: [serve(EnrolmentServiceDefinition, enrolling)],
    });

    const loops = new AbortController();
    const liveness = new LivenessLoop({
      clock,
      timers,
      views,
      commands,
      registry,
      logger,
      unreachableAfterMs: options.nodeUnreachableAfterMs ?? LIMITS.nodeUnreachableMs,
    });
    const loopsEnded = Promise.allSettled([
      liveness.run(loops.signal),
      survey.run(loops.signal),
      runUpkeep({ clock, timers, views, commands, logger, retentionMs }, loops.signal),
      ownRenewal.run(unrecorded, loops.signal),
      withdrawal.run(loops.signal),
      background.run(loops.signal),
      keeper.run(loops.signal),
      runLapseWatch({ revocation, timers, logger, lifeMs: certificateLifeMs }, loops.signal),
    ]);
    await witnesses.start(commands);
    home.setServing(true);
    return new Running({ home, enrolment, member, commands, registry, witnesses, loops, loopsEnded });
  }

  async stop(): Promise<void> {
    const { log, views } = this.#member;
    this.home.setServing(false);
    this.#registry.closeAll(new CollectiveError('UNAVAILABLE', 'The coordinator is stopping.'));
    this.#loops.abort();
    this.#witnesses.stop();
    await Promise.all([this.home.close(CLOSE_GRACE_MS), this.enrolment.close(CLOSE_GRACE_MS)]);
    await this.#loopsEnded;
    await this.#commands.stop();
    try {
      // What is not flushed is replayed at the next start.
      if (log.failure === undefined) await views.flush();
    } finally {
      await views.close();
      await log.close();
    }
  }
}

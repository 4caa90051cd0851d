import { setMaxListeners } from 'node:events';
import { CollectiveError, LIMITS } from '../base/index.js';
import { createSigner } from '../identity/index.js';
import type { Signer } from '../ports/index.js';
import {
  AdminServiceDefinition,
  CertificateServiceDefinition,
  EnrolmentServiceDefinition,
  NodeSessionServiceDefinition,
  type RpcListener,
  serve,
  WitnessAdminServiceDefinition,
  WitnessServiceDefinition,
} from '../transport/index.js';
import { AdminService } from './admin/admin-service.js';
import { StatusDesk } from './admin/status-desk.js';
import { openCertificateOffices } from './certificates/offices.js';
import { CommandLoop } from './commands/command-loop.js';
import { EnrolmentService } from './enrolment/enrolment-service.js';
import { PlacementOffice } from './files/placement-office.js';
import { ProtectionDesk } from './files/protection-desk.js';
import { ProtectionSurvey } from './files/protection-survey.js';
import { ReceiptCheck } from './files/receipt-check.js';
import { TicketOffice, ticketOffices } from './files/tickets.js';
import { Audit } from './log/audit.js';
import { auditBesideService } from './log/background-audit.js';
import { bytesOfFiles } from './log/bytes-of-files.js';
import type { Coordinator, CoordinatorOptions } from './coordinator-options.js';
import { Federation } from './federation.js';
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
      return { homePort: running.home.port, enrolmentPort: running.enrolment.port, peerPort: running.federation.port };
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
  readonly federation: Federation;
  readonly #member: OpenedMember;
  readonly #commands: CommandLoop;
  readonly #registry: NodeRegistry;
  readonly #witnesses: WitnessOffice;
  readonly #loops: AbortController;
  readonly #loopsEnded: Promise<unknown>;

  private constructor(parts: {
    readonly home: RpcListener;
    readonly enrolment: RpcListener;
    readonly federation: Federation;
    readonly member: OpenedMember;
    readonly commands: CommandLoop;
    readonly registry: NodeRegistry;
    readonly witnesses: WitnessOffice;
    readonly loops: AbortController;
    readonly loopsEnded: Promise<unknown>;
  }) {
    this.home = parts.home;
    this.enrolment = parts.enrolment;
    this.federation = parts.federation;
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

    const registry = new NodeRegistry(clock);
    const witnesses = await WitnessOffice.open({
      ...ports,
      origin,
      log,
      views,
      ownDiskId: options.diskId ?? '',
      assertLatest: options.assertLatest ?? false,
      membersToo: options.membersAsWitnesses ?? false,
      isHere: (nodeId) => registry.session(nodeId) !== undefined,
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
    const damage = new DamageDesk({ commands, registry, timers, logger });
    const ticketSigner = createSigner(material.ticketKeys);
    const certificateLifeMs = options.certificateLifeMs ?? LIMITS.leafLifeMs;
    const certificates = await openCertificateOffices({
      ...options,
      certificateLifeMs,
      log,
      views,
      commands,
      gate: witnesses.gate,
      registry,
      ticketPublicKeys: () => [ticketSigner.publicKey],
      closeCalls: (matches, error) => home.closeCalls(matches, error),
      onLogKey: (publicKey) => signingKeys.push(publicKey),
      onNodeGone: () => witnesses.look(),
    });
    const { authority, revocations, trust, renewals, unrecorded } = certificates;
    const ticketOptions = { signer: ticketSigner, clock, random, hasher, revocationPosition: () => revocations.position };
    const tickets = new TicketOffice({ ...ticketOptions, origin });
    const placement = new PlacementOffice({ views, registry, clock, timers });
    const receipts = new ReceiptCheck({ origin, views, unrecorded, clock, hasher, verifier });
    const ownCopies = {
      placement,
      receipts,
      unrecorded,
      damage,
      policy,
      ticketsFor: ticketOffices(ticketOptions),
    };
    const federation = await Federation.open({ ...options, member, commands, authority, registry, witnesses, ownCopies });
    const shared = federation.copies;
    const others = () => federation.foreignLogs;
    const scratchDirectory = directory;
    const audit = new Audit({ log, others, views, stores, scratchDirectory, hasher, random, timers, logger, onLogDamaged });
    const protection = new ProtectionDesk({ views, registry, shared });
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
      federation,
      placement,
      retentionMs,
      underProtectedFiles: () => survey.underProtectedFiles,
      filesOutOfReach: () => survey.filesOutOfReach,
      lostFiles: () => survey.lostFiles,
      logBytes: () => bytesOfFiles(ports.fileSystem, logDirectoryOf(directory, origin), log.lastSegment),
    });
    const parts = { views, registry, placement, damage, shared, protection, policy, retentionMs, clock, random, hasher };
    const ticketsForOthers = ownCopies.ticketsFor(origin, true);
    federation.openTrees({ parts, access: { commands, tickets }, ticketsForOthers, nodesTrust: trust });
    const admin = new AdminService({
      authority,
      revocation: certificates.revocation,
      rotation: certificates.rotation,
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
      unrecorded,
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
      joining: federation.joining,
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

    const home = await transport
      .listen({
        kind: 'home',
        ...options.home,
        own: authority.own,
        admit: (caller) => revocations.admit(caller),
        logger,
        services: [
          heldBack(serve(AdminServiceDefinition, admin), witnesses.seen, SHOWS_EVENTS),
          serve(WitnessAdminServiceDefinition, new WitnessAdminService({ office: witnesses, views, log, hasher })),
          serve(WitnessServiceDefinition, witnesses.service),
          serve(NodeSessionServiceDefinition, sessions),
          serve(CertificateServiceDefinition, renewals),
          ...federation.homeServices,
        ],
      })
      .catch(closing(federation));
    const enrolment = await transport
      .listen({
        kind: 'enrolment',
        ...options.enrolment,
        own: authority.own,
        logger,
        services: [serve(EnrolmentServiceDefinition, enrolling)],
      })
      .catch(closing(federation, home));
    await federation.listen().catch(closing(federation, home, enrolment));

    const loops = new AbortController();
    // One signal ends all loops and what each of them waits for; past ten listeners Node would take that for a leak.
    setMaxListeners(0, loops.signal);
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
      certificates.run(loops.signal),
      background.run(loops.signal),
      keeper.run(loops.signal),
      federation.run(loops.signal),
    ]);
    await witnesses.start(commands);
    home.setServing(true);
    return new Running({ home, enrolment, federation, member, commands, registry, witnesses, loops, loopsEnded });
  }

  async stop(): Promise<void> {
    const { log, views } = this.#member;
    this.home.setServing(false);
    this.#registry.closeAll(new CollectiveError('UNAVAILABLE', 'The coordinator is stopping.'));
    this.#loops.abort();
    this.#witnesses.stop();
    const listeners = [this.home, this.enrolment, this.federation];
    await Promise.all(listeners.map((listener) => listener.close(CLOSE_GRACE_MS)));
    await this.#loopsEnded;
    await this.federation.stop();
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

/** For a start that fails: what listens already would go on, and what is open stay so. */
const closing =
  (federation: Federation, ...listeners: readonly RpcListener[]) =>
  async (error: unknown): Promise<never> => {
    await Promise.all(listeners.map((listener) => listener.close(0)));
    await federation.stop();
    throw error;
  };

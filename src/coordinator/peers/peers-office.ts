import { setMaxListeners } from 'node:events';
import { CollectiveError, type MemberId, toBase32, toCollectiveError } from '../../base/index.js';
import type { EventLog, Head } from '../../events/index.js';
import type { OwnCredentials, PeerPool } from '../../identity/index.js';
import type { Clock, Hasher, Logger, Random, SignatureVerifier, Timers } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import {
  AskedCalls,
  type BoundService,
  createAnswering,
  type Finding,
  type PeerMessage,
  type RpcChannel,
} from '../../transport/index.js';
import type { CommandLoop } from '../commands/command-loop.js';
import { AnswerDesk } from './reaching/answer-desk.js';
import { Dialler } from './reaching/dialler.js';
import type { ForeignLog } from './copies/foreign-log.js';
import type { ForeignLogs } from './copies/foreign-logs.js';
import { ForkDesk } from './telling/fork-desk.js';
import { FrontierDesk } from './telling/frontier-desk.js';
import { Links, whyCut } from './session/links.js';
import { LogServer } from './log-server.js';
import { changesMembers, OriginRules } from './fetching/origin-rules.js';
import { OriginSyncs } from './fetching/origin-syncs.js';
import { OwnFeed, type SettledLog } from './telling/own-feed.js';
import { peerFindings } from './report/peer-findings.js';
import { PeerAdminService } from './report/peer-admin-service.js';
import { PeerClients } from './reaching/peer-clients.js';
import { PeerLink } from './session/peer-link.js';
import { PeerMemories } from './report/peer-memory.js';
import type { PeerReportParts } from './report/peer-report.js';
import { isUnreached, PeerRoutes } from './reaching/peer-routes.js';
import { PeerService } from './peer-service.js';
import { pullBlocks } from './fetching/pull-client.js';
import { mayHave } from './serving-rules.js';
import { readSession, type SessionHost } from './session/session.js';
import { SessionIntake } from './session/session-intake.js';
import { watchSessions } from './session/session-watch.js';
import { StateDesk } from './telling/state-desk.js';
import { PROTOCOL_VERSION } from './session/wire.js';

export interface PeersOfficeOptions {
  readonly own: MemberId;
  /** Their owner is this office: it closes them. */
  readonly foreign: ForeignLogs;
  readonly log: EventLog;
  readonly views: ViewHost;
  readonly commands: Pick<CommandLoop, 'submit' | 'budgets'>;
  readonly settled: SettledLog;
  readonly peers: PeerPool;
  /** By dialling its coordinator. The caller closes it. */
  readonly connect: (memberId: MemberId) => RpcChannel;
  readonly softwareVersion: string;
  /** `host:port`, told to every peer. */
  readonly ownEndpoints: readonly string[];
  /** A peer has told where it can be dialled. Must not throw. */
  readonly onEndpoints: (memberId: MemberId, endpoints: readonly string[]) => void;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  readonly logger: Logger;
}

type Message = NonNullable<PeerMessage['message']>;
const BOOT_ID_BYTES = 10;

/** Everything about the logs of other members, and giving the own one to them. */
export class PeersOffice implements SessionHost {
  readonly service: PeerService;
  readonly adminService: PeerAdminService;
  readonly foreign: ForeignLogs;
  readonly links: Links;
  readonly timers: Timers;
  readonly #options: PeersOfficeOptions;
  readonly #rules: OriginRules;
  readonly #feed: OwnFeed;
  readonly #frontier: FrontierDesk;
  readonly #forks: ForkDesk;
  readonly #states: StateDesk;
  readonly #dialler: Dialler;
  readonly #intake: SessionIntake;
  readonly #syncs: OriginSyncs;
  readonly #clients: PeerClients;
  readonly #routes: PeerRoutes;
  readonly #answers: AnswerDesk;
  readonly #memory: PeerMemories;
  readonly #stopping = new AbortController();
  readonly #forget: (() => void)[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #bootId: string;

  static async open(options: PeersOfficeOptions): Promise<PeersOffice> {
    const office = new PeersOffice(options);
    await office.#rules.refresh(0, office.#stopping.signal);
    return office;
  }

  private constructor(options: PeersOfficeOptions) {
    const { own, log, views, peers, settled, random, timers, logger, hasher, clock, commands } = options;
    this.#options = options;
    // One signal ends what is done for every log that is kept; past ten listeners Node would take that for a leak.
    setMaxListeners(0, this.#stopping.signal);
    this.timers = timers;
    this.#bootId = toBase32(random.bytes(BOOT_ID_BYTES));
    const isKept = (origin: MemberId): boolean => this.foreign.get(origin) !== undefined;
    const may = (member: MemberId, origin: MemberId): Promise<boolean> => mayHave(member, origin, { own, views, isKept });
    const asked = new AskedCalls(timers);
    this.#clients = new PeerClients({ ...options, routed: (memberId, dialled) => this.#routes.over(memberId, dialled) });
    this.#answers = new AnswerDesk((memberId) => this.#clients.dialled(memberId), logger);
    this.#memory = new PeerMemories(own, clock);
    this.#rules = new OriginRules(views, timers);
    this.foreign = options.foreign;
    this.links = new Links(own, this);
    this.#routes = new PeerRoutes({ ...options, links: this.links, asked });
    this.#feed = new OwnFeed({ log, settled, links: this.links, random });
    this.#frontier = new FrontierDesk({ foreign: this.foreign, links: this.links, mayHave: may, timers, random });
    this.#forks = new ForkDesk({ own, commands, links: this.links, mayHave: may, clock, hasher, logger });
    this.#states = new StateDesk({
      own,
      links: this.links,
      views,
      origins: () => [own, ...this.foreign.all().flatMap(({ origin, frozen }) => (frozen === undefined ? [origin] : []))],
      mayHave: may,
      nowMs: () => clock.nowMs(),
      timers,
      random,
      logger,
    });
    this.#syncs = new OriginSyncs({
      ...options,
      logs: this.foreign,
      links: this.links,
      rules: this.#rules,
      stopping: this.#stopping.signal,
      clientOf: (memberId) => this.#clients.of(memberId),
      onStored: (origin) => this.#frontier.stored(origin, this.#stopping.signal),
      onForked: (log, toldBy) => this.#forked(log, toldBy),
      onRefused: (memberId, origin, error) => this.#refused(memberId, origin, error),
    });
    this.#intake = new SessionIntake({
      ...options,
      syncs: this.#syncs,
      feed: this.#feed,
      states: this.#states,
      frontier: this.#frontier,
      memory: this.#memory,
      // It may not have kept this log yet when it was told of forks, and had no use for a proof.
      onFirstHead: (link, origin) => this.#passedOn(origin, this.#forks.tell(link, this.foreign.get(origin))),
      onOwnHead: () => this.#tellListeners(),
      onAsked: (link, callId) => this.#answers.take(link, callId),
    });
    const session = (memberId: MemberId, signal: AbortSignal): Promise<boolean> => this.#dial(memberId, signal);
    this.#dialler = new Dialler({ own, peers, links: this.links, session, clock, timers, random, logger });
    const logs = new LogServer({ log, foreign: this.foreign, ownHead: (member) => this.#feed.headFor(member), mayHave: may });
    const newLink = (peer: Omit<ConstructorParameters<typeof PeerLink>[0], 'clock'>): PeerLink =>
      new PeerLink({ ...peer, clock });
    this.adminService = new PeerAdminService(() => this.parts, clock);
    this.service = new PeerService({ host: this, logs, asked, newLink, clock, timers, logger });
  }

  /** A channel to a peer's coordinator that also finds it where it cannot be dialled. The caller closes it. */
  connect(memberId: MemberId): RpcChannel {
    return this.#routes.over(memberId, this.#options.connect(memberId));
  }

  /** From now on peers that cannot dial this coordinator are served these over the sessions that it dials. */
  serve(services: readonly BoundService[], own: OwnCredentials): void {
    this.#answers.answering = createAnswering({ ...this.#options, services, own });
  }

  /** What `peer list` and `status` are made from. */
  get parts(): PeerReportParts {
    const { own, peers, log } = this.#options;
    const { links, foreign } = this;
    return {
      own,
      log,
      peers,
      links,
      foreign,
      rules: this.#rules,
      dialler: this.#dialler,
      routes: this.#routes,
      feed: this.#feed,
      memory: this.#memory,
    };
  }

  findings(): readonly Finding[] {
    return peerFindings({
      ...this.parts,
      nowMs: this.#options.clock.nowMs(),
      mismatches: this.#states.mismatches,
      overBudget: this.#options.commands.budgets.refused(),
    });
  }

  /** How far each connected peer holds the own log, by its own word: for witnesses, and to find what was lost here. */
  ownHeads(): ReadonlyMap<MemberId, Head> {
    return this.links.headsOf(this.#options.own);
  }

  /** Told when a session begins or ends, and when a peer says how far it holds the own log. Returns what ends that. */
  onOwnHeads(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Blocks of a log from one peer, not verified. Errors: those of the call. */
  blocksFrom(
    memberId: MemberId,
    range: { readonly origin: MemberId; readonly fromSequence: number; readonly toSequence?: number },
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { origin, fromSequence, toSequence } = range;
    const whole = { origin, fromSequence, toSequence, previousHeaderHash: undefined };
    return pullBlocks(this.#clients.of(memberId), whole, { clock: this.#options.clock, timers: this.timers, signal });
  }

  /** Until the signal; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, views, peers, logger } = this.#options;
    const stop = (): void => this.#stopping.abort();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    this.#forget.push(
      peers.onChange(() => this.#admissionChanged()),
      log.onCommitted((block) => {
        if (changesMembers(block)) this.#membersChanged(block.lastSequence);
      }),
      views.onDoubt((origin) => {
        const log = this.foreign.get(origin);
        if (log === undefined) return;
        this.#memory.doubted.set(origin, this.#options.clock.nowMs());
        log.rebuildViews();
      }),
      this.foreign.onApplied((origin) => this.#states.applied(origin)),
      this.foreign.onDamaged((origin) => this.#syncs.of(origin)?.wake()),
    );
    for (const { origin } of this.foreign.all()) this.#syncs.of(origin);
    this.#forks.foundBefore(this.foreign.all()).catch((error: unknown) => logger.warn('forks were not put on record', { error }));
    const { signal: stopping } = this.#stopping;
    await Promise.allSettled([
      this.#dialler.run(stopping),
      this.#frontier.run(stopping),
      this.#states.run(stopping),
      watchSessions({ ...this.#options, links: this.links, onRound: () => this.#feed.shuffle() }, stopping),
    ]);
    this.links.cut(() => true, new CollectiveError('UNAVAILABLE', 'The coordinator is stopping.'));
    await this.#syncs.ended();
    signal.removeEventListener('abort', stop);
  }

  /** After `run`: closes the copies. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const forget of this.#forget) forget();
    this.#feed.stop();
    this.#clients.close();
    await this.foreign.close();
  }

  greet(link: PeerLink): void {
    const { softwareVersion, ownEndpoints } = this.#options;
    link.order = this.#options.random.fraction();
    link.outbox.hello({ protocolVersion: PROTOCOL_VERSION, bootId: this.#bootId, softwareVersion, endpoints: [...ownEndpoints] });
    this.#feed.greet(link);
  }

  opened(link: PeerLink): void {
    const { memberId, address } = link;
    this.#options.logger.info('a session with a member has begun', { memberId, address, dialledHere: link.dialledHere });
    this.#options.onEndpoints(memberId, link.hello?.endpoints ?? []);
    this.#dialler.changed(memberId);
    this.#tellAll(link).catch((error: unknown) => link.close(toCollectiveError(error)));
    link.ping();
    this.#tellListeners();
  }

  closed(link: PeerLink): void {
    const { memberId } = link;
    this.#memory.closed(link);
    this.#options.logger.info('a session with a member has ended', { memberId, reason: link.reason.message });
    this.#dialler.changed(memberId);
    if (!this.#stopping.signal.aborted) this.#frontier.departed(memberId, this.#stopping.signal);
    this.#tellListeners();
  }

  readonly take = (link: PeerLink, message: Message): Promise<void> => this.#intake.take(link, message);

  /** True: it was taken up. Errors: those of the call. */
  async #dial(memberId: MemberId, signal: AbortSignal): Promise<boolean> {
    const member = this.#options.peers.of(memberId);
    const address = member?.endpoints[0] ?? '';
    const link = new PeerLink({ memberId, dialledHere: true, address, clock: this.#options.clock });
    this.greet(link);
    const ending = AbortSignal.any([signal, link.ended]);
    try {
      return await readSession(link, this.#clients.dialling(memberId).session(link.messages(), { signal: ending }), this);
    } catch (error) {
      if (isUnreached(error) && !signal.aborted && link.hello === undefined) this.#routes.dialledInVain(memberId);
      throw error;
    }
  }

  async #tellAll(link: PeerLink): Promise<void> {
    await this.#frontier.greet(link);
    for (const log of this.foreign.all()) await this.#forks.tell(link, log);
  }

  #forked(log: ForeignLog, toldBy: MemberId): void {
    this.#passedOn(log.origin, this.#forks.found(log, toldBy));
  }

  #passedOn(origin: MemberId, passing: Promise<void>): void {
    passing.catch((error: unknown) => this.#options.logger.error('a fork could not be passed on', { origin, error }));
  }

  #refused(memberId: MemberId, origin: MemberId, error: CollectiveError): void {
    this.#options.logger.warn('a peer gave a block that was refused', { memberId, origin, error });
    this.#memory.refused(memberId, origin, error);
  }

  /** Whoever is not trusted any more is cut off at once. */
  #admissionChanged(): void {
    const { peers } = this.#options;
    for (const link of this.links.all()) {
      if (peers.of(link.memberId) === undefined) this.links.cut((each) => each === link, whyCut(peers, link.memberId));
    }
    this.#clients.dropStrangers();
    this.#membersChanged(0);
  }

  #membersChanged(sequence: number): void {
    const { signal } = this.#stopping;
    this.#rules.refresh(sequence, signal).then(
      () => this.#syncs.wakeAll(),
      (error: unknown) => {
        if (!signal.aborted) this.#options.logger.error('whose logs are kept could not be read', { error });
      },
    );
  }

  #tellListeners(): void {
    for (const listener of this.#listeners) listener();
  }
}

import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accept, type MemberId, ok } from '../../../src/base/index.js';
import { CommandLoop } from '../../../src/coordinator/commands/command-loop.js';
import { initialiseMember } from '../../../src/coordinator/index.js';
import type { FoundedMember } from '../../../src/coordinator/member/member-files.js';
import { logDirectoryOf, logsDirectoryOf, openMember, type OpenedMember } from '../../../src/coordinator/open-member.js';
import type { ForeignLogs } from '../../../src/coordinator/peers/copies/foreign-logs.js';
import { openForeignLogs, openPeersPart, type PeersPart } from '../../../src/coordinator/peers/peers-part.js';
import { startEpoch } from '../../../src/coordinator/witnesses/start-epoch.js';
import type { CollectiveEvent, RecordedEvent } from '../../../src/events/index.js';
import {
  createSigner,
  openIdentityKey,
  type OwnCredentials,
  type PeerMember as TrustedPeer,
  type PeerPool,
} from '../../../src/identity/index.js';
import type { Clock } from '../../../src/ports/index.js';
import type { BoundService, RpcListener, RpcTransport } from '../../../src/transport/index.js';
import { memberFiles, type realPorts } from '../coordinator/started-coordinator.js';

type Ports = Awaited<ReturnType<typeof realPorts>>;

/** Members that trust each other, as a test says. */
export class TestPool implements PeerPool {
  readonly #members = new Map<MemberId, TrustedPeer>();
  readonly #listeners = new Set<() => void>();

  of(memberId: MemberId): TrustedPeer | undefined {
    return this.#members.get(memberId);
  }

  all(): readonly TrustedPeer[] {
    return [...this.#members.values()];
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(member: TrustedPeer): void {
    this.#members.set(member.memberId, member);
    for (const listener of this.#listeners) listener();
  }

  remove(memberId: MemberId): void {
    this.#members.delete(memberId);
    for (const listener of this.#listeners) listener();
  }
}

const PASSPHRASE = 'correct horse battery';

interface Template {
  readonly directory: string;
  readonly founded: FoundedMember;
}

const templates = new Map<string, Promise<Template>>();

async function foundTemplate(name: string, ports: Ports): Promise<Template> {
  const directory = await mkdtemp(join(tmpdir(), `collective-founded-${name}-`));
  const founded = await initialiseMember({
    directory,
    name,
    clientName: 'laptop',
    passphrase: PASSPHRASE,
    files: memberFiles(directory, ports),
    ports,
    homeEndpoints: ['127.0.0.1:1'],
    enrolmentEndpoints: ['127.0.0.1:2'],
  });
  return { directory, founded };
}

/** For when no test needs them any more. */
export async function removeTemplates(): Promise<void> {
  for (const template of templates.values()) await rm((await template).directory, { recursive: true, force: true });
  templates.clear();
}

/** One member: a log and views on a real disk, and what speaks with peers. No nodes, no clients. */
export class PeerMember {
  readonly directory: string;
  readonly founded: FoundedMember;
  /** What it is started with. */
  ports: Omit<Ports, 'clock'> & { readonly clock: Clock };
  readonly pool = new TestPool();
  /** What its peers get instead of its services, where a test says so. */
  tamper: (service: BoundService) => BoundService = (service) => service;
  /** Whether it has a port for others; without one it can only dial. */
  listens = true;
  /** How large its copies of others' logs may become. */
  limitBytes: number | undefined;
  readonly #transport: RpcTransport;
  readonly #port: number;
  #running: Running | undefined;

  private constructor(directory: string, founded: FoundedMember, ports: Ports, transport: RpcTransport, port: number) {
    this.directory = directory;
    this.founded = founded;
    this.ports = ports;
    this.#transport = transport;
    this.#port = port;
  }

  /** Founded once for each name in a process: making keys safe is slow on purpose. */
  static async found(name: string, transport: RpcTransport, port: number, ports: Ports): Promise<PeerMember> {
    const template = templates.get(name) ?? foundTemplate(name, ports);
    templates.set(name, template);
    const { directory: from, founded } = await template;
    const directory = await mkdtemp(join(tmpdir(), `collective-peer-${name}-`));
    await cp(from, directory, { recursive: true });
    return new PeerMember(directory, founded, ports, transport, port);
  }

  get id(): MemberId {
    return this.founded.material.memberId;
  }

  get own(): OwnCredentials {
    const { memberId, ca, coordinatorLeaf: leaf, coordinatorKeys } = this.founded.material;
    return { memberId, ca, leaf, privateKeyPem: coordinatorKeys.privateKeyPem };
  }

  get trusted(): TrustedPeer {
    return { memberId: this.id, ca: this.founded.material.ca, endpoints: [`127.0.0.1:${this.#port}`] };
  }

  get running(): Running {
    if (this.#running === undefined) throw new Error('the member does not run');
    return this.#running;
  }

  /** The same member from a copy of its folder, as a backup that was put back would be; it does not run. */
  async backup(): Promise<PeerMember> {
    const directory = await mkdtemp(join(tmpdir(), 'collective-peer-backup-'));
    await cp(this.directory, directory, { recursive: true });
    const copy = new PeerMember(directory, this.founded, this.ports, this.#transport, this.#port);
    for (const member of this.pool.all()) copy.pool.set(member);
    return copy;
  }

  /** Goes on with its log in a new epoch; it does not run, and has no log key after that. */
  async startEpoch(): Promise<void> {
    const { directory, id: memberId, ports } = this;
    const identity = await openIdentityKey(this.founded.identityFile, PASSPHRASE, ports.hasher);
    await startEpoch({
      directory: logDirectoryOf(directory, memberId),
      memberId,
      identityKeys: accept(identity).keys,
      reason: 'the log was forked',
      files: memberFiles(directory, ports),
      ports,
    });
  }

  /** What its log says of another member. */
  admission(of: PeerMember): CollectiveEvent {
    return {
      type: 'MemberAdmitted',
      memberId: of.id,
      name: of.founded.material.name,
      identityPublicKey: of.founded.material.logKeys.publicKey,
      caCertificate: of.founded.material.ca.der,
      caEndorsement: new Uint8Array(8),
      endpoints: [],
      inviteId: '',
      introducedBy: '',
    };
  }

  async start(): Promise<void> {
    this.#running = await Running.start(this, this.#transport, this.#port);
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

class Running {
  readonly member: OpenedMember;
  readonly commands: CommandLoop;
  readonly foreign: ForeignLogs;
  readonly part: PeersPart;
  readonly listener: RpcListener | undefined;
  readonly #stopping = new AbortController();
  readonly #ran: Promise<void>;

  private constructor(parts: {
    readonly member: OpenedMember;
    readonly commands: CommandLoop;
    readonly foreign: ForeignLogs;
    readonly part: PeersPart;
    readonly listener: RpcListener | undefined;
  }) {
    this.member = parts.member;
    this.commands = parts.commands;
    this.foreign = parts.foreign;
    this.part = parts.part;
    this.listener = parts.listener;
    this.#ran = parts.part.run(this.#stopping.signal);
  }

  static async start(peer: PeerMember, transport: RpcTransport, port: number): Promise<Running> {
    const { directory, ports, id, pool, own } = peer;
    const signal = new AbortController().signal;
    const logSigners = [createSigner(peer.founded.material.logKeys)];
    const member = await openMember({ directory, origin: id, logSigners, ports, signal });
    const { log, views } = member;
    const commands = new CommandLoop({ log, views, ...ports });
    await mkdir(logsDirectoryOf(directory), { recursive: true });
    const { limitBytes } = peer;
    const foreign = await openForeignLogs({ logsDirectory: logsDirectoryOf(directory), own: id, views, limitBytes, ports });
    const settled = {
      get settledSequence() {
        return log.head.sequence;
      },
      onSettled: () => () => true,
      isToKeep: () => false,
    };
    const part = await openPeersPart({
      member,
      foreign,
      commands,
      settled,
      peers: pool,
      connect: (memberId) => transport.connectPeer({ own, memberId, peers: pool }),
      softwareVersion: 'test',
      ports,
    });
    const services = part.peerServices.map((service) => peer.tamper(service));
    part.office.serve(services, own);
    const { logger } = ports;
    const where = { kind: 'peer', host: '127.0.0.1', port } as const;
    const listener = peer.listens ? await transport.listen({ ...where, own, peers: pool, logger, services }) : undefined;
    return new Running({ member, commands, foreign, part, listener });
  }

  async record(...events: readonly CollectiveEvent[]): Promise<void> {
    await this.commands.submit<void>({
      actor: 'coordinator',
      request: undefined,
      decide: () => ok(events),
      answer: () => undefined,
    });
  }

  /** Signs an event although nobody would decide it so; its own views do not get it. */
  async sign(event: CollectiveEvent): Promise<RecordedEvent> {
    const block = this.member.log.begin();
    const recorded = block.add({ actor: 'coordinator', request: undefined, cause: undefined, event });
    await block.commit();
    return recorded;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.listener?.close(0);
    await this.#ran;
    await this.part.stop();
    await this.commands.stop();
    await this.member.views.flush();
    await this.member.views.close();
    await this.member.log.close();
  }
}

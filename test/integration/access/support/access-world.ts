import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { accept } from '../../../../src/base/index.js';
import { type FoundedMember, initialiseMember, readMemberFiles } from '../../../../src/coordinator/index.js';
import { createSigner, endorse, openCa, openIdentityKey, type OwnCredentials } from '../../../../src/identity/index.js';
import { renewLapsedCertificate } from '../../../../src/transport/certificates/renew-certificate.js';
import {
  AdminServiceDefinition,
  CopiesServiceDefinition,
  createClient,
  createGrpcTransport,
  FilesServiceDefinition,
  GrantServiceDefinition,
  MemberServiceDefinition,
  redeemInvite,
  type RpcChannel,
  type RpcClient,
  type RpcTransport,
  WitnessAdminServiceDefinition,
} from '../../../../src/transport/index.js';
import { freePorts } from '../../../support/cluster/index.js';
import { memberFiles, realPorts } from '../../../support/coordinator/started-coordinator.js';
import type { FromServers, JoinOrder, RunningNode, StartOrder } from './messages.js';
import { Refusals } from './refusals.js';

const PROCESS = fileURLToPath(new URL('server-process.ts', import.meta.url));
const PASSPHRASE = 'correct horse battery';
const signal = new AbortController().signal;

/** One of the member's clients, with the calls that it can make. */
export interface AccessClient {
  readonly own: OwnCredentials;
  readonly channel: RpcChannel;
  readonly files: RpcClient<typeof FilesServiceDefinition>;
  readonly admin: RpcClient<typeof AdminServiceDefinition>;
  readonly witnesses: RpcClient<typeof WitnessAdminServiceDefinition>;
  readonly grants: RpcClient<typeof GrantServiceDefinition>;
  readonly members: RpcClient<typeof MemberServiceDefinition>;
  readonly copies: RpcClient<typeof CopiesServiceDefinition>;
}

/** A member with a real coordinator and real nodes in a process of their own, and all of the member's keys at hand. */
export class AccessWorld {
  /** As founded, with the keys as they are now. */
  founded: FoundedMember;
  readonly homePort: number;
  readonly enrolmentPort: number;
  readonly peerPort: number;
  readonly refusals = new Refusals();
  readonly nodes: RunningNode[] = [];
  readonly transport: RpcTransport;
  readonly ports: Awaited<ReturnType<typeof realPorts>>;
  /** The client that was founded with the member. */
  client: AccessClient;
  readonly #directory: string;
  readonly #child: ChildProcess;
  readonly #channels: RpcChannel[] = [];
  #rotations = 0;
  readonly #events: ((message: FromServers) => void)[] = [];

  private constructor(parts: {
    readonly directory: string;
    readonly founded: FoundedMember;
    readonly listening: readonly [number, number, number];
    readonly everyRefusal: boolean;
    readonly ports: Awaited<ReturnType<typeof realPorts>>;
  }) {
    this.#directory = parts.directory;
    this.founded = parts.founded;
    this.ports = parts.ports;
    [this.homePort, this.enrolmentPort, this.peerPort] = parts.listening;
    this.transport = createGrpcTransport(parts.ports);
    const { material, firstClient } = parts.founded;
    const order: StartOrder = {
      directory: join(parts.directory, 'coordinator'),
      memberId: material.memberId,
      name: material.name,
      homePort: this.homePort,
      enrolmentPort: this.enrolmentPort,
      peerPort: this.peerPort,
      everyRefusal: parts.everyRefusal,
    };
    this.#child = fork(PROCESS, [JSON.stringify(order)], { execArgv: ['--expose-gc', '--import', 'tsx'], stdio: 'inherit' });
    this.#child.on('message', (message: FromServers) => {
      if (message.kind === 'log') this.refusals.take(message.line);
      else for (const listener of this.#events.splice(0)) listener(message);
    });
    this.#child.once('exit', (code) => {
      for (const listener of this.#events.splice(0)) listener({ kind: 'failed', reason: `the servers ended with ${code}` });
    });
    this.client = this.connect({
      memberId: material.memberId,
      ca: material.ca,
      leaf: firstClient.leaf,
      privateKeyPem: firstClient.keys.privateKeyPem,
    });
  }

  static async start(
    options: { readonly name?: string; readonly nodes?: readonly string[]; readonly everyRefusal?: boolean } = {},
  ): Promise<AccessWorld> {
    const directory = await mkdtemp(join(tmpdir(), 'collective-access-'));
    const [home = 0, enrolment = 0, peer = 0] = await freePorts(3);
    const ports = await realPorts();
    await mkdir(join(directory, 'coordinator'), { mode: 0o700 });
    const founded = await initialiseMember({
      directory: join(directory, 'coordinator'),
      name: options.name ?? 'alice',
      clientName: 'laptop',
      passphrase: PASSPHRASE,
      files: memberFiles(join(directory, 'coordinator'), ports),
      ports,
      homeEndpoints: [`127.0.0.1:${home}`],
      enrolmentEndpoints: [`127.0.0.1:${enrolment}`],
      peerEndpoints: [`127.0.0.1:${peer}`],
    });
    const everyRefusal = options.everyRefusal ?? false;
    const world = new AccessWorld({ directory, founded, listening: [home, enrolment, peer], everyRefusal, ports });
    try {
      await world.#answer();
      for (const name of options.nodes ?? []) await world.#addNode(name);
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  connect(own: OwnCredentials): AccessClient {
    const channel = this.transport.connect({ endpoints: [`127.0.0.1:${this.homePort}`], own });
    this.#channels.push(channel);
    return {
      own,
      channel,
      files: createClient(FilesServiceDefinition, channel),
      admin: createClient(AdminServiceDefinition, channel),
      witnesses: createClient(WitnessAdminServiceDefinition, channel),
      grants: createClient(GrantServiceDefinition, channel),
      members: createClient(MemberServiceDefinition, channel),
      copies: createClient(CopiesServiceDefinition, channel),
    };
  }

  async invite(kind: 'node' | 'client', options: { readonly lifeMs?: number } = {}): Promise<string> {
    const requestId = `invite-${Buffer.from(this.ports.random.bytes(8)).toString('hex')}`;
    const request = { requestId, kind, name: '', lifeMs: options.lifeMs ?? 0 };
    return (await this.client.admin.issueInvite(request, { signal })).invite;
  }

  /** Another client of the same member. */
  async joinClient(name: string): Promise<AccessClient> {
    const invite = await this.invite('client');
    const { own } = await redeemInvite({ invite, kind: 'client', name, signal }, { ...this.ports, transport: this.transport });
    return this.connect(own);
  }

  /** Credentials of another client or node that has joined, without a process behind it. */
  async redeem(kind: 'client' | 'node', name: string): Promise<OwnCredentials> {
    const invite = await this.invite(kind);
    return (await redeemInvite({ invite, kind, name, signal }, { ...this.ports, transport: this.transport })).own;
  }

  async revoke(role: 'client' | 'node', subject: string): Promise<void> {
    const request = { requestId: `revoke-${subject}`, role, subject, note: '', force: false };
    await this.client.admin.revokeCertificates(request, { signal });
  }

  /** Another CA issues from now on; the client and the nodes have new certificates by it when this returns. */
  async rotateCa(overlapMs: number): Promise<void> {
    const { memberId } = this.founded.material;
    const { admin } = this.client;
    const { rotationId, subject, epoch, sequence } = await admin.prepareRotation({ what: 'ca' }, { signal });
    const { keys } = accept(await openIdentityKey(this.founded.identityFile, PASSPHRASE, this.ports.hasher));
    const ca = accept(openCa(subject));
    const validFrom = { epoch, sequence };
    const endorsement = endorse({ memberId, purpose: 'member-ca', subject: ca.sha256, validFrom }, createSigner(keys));
    await admin.commitRotation({ rotationId, endorsement, overlapMs }, { signal });
    // What it knew is not accepted any more, nor does it trust what it sees: it comes back by the key of its certificate.
    const { credentials } = await renewLapsedCertificate(
      { own: this.client.own, endpoints: [`127.0.0.1:${this.enrolmentPort}`], key: 'same', signal },
      { ...this.ports, transport: this.transport },
    );
    this.client = this.connect(credentials);
    const directory = join(this.#directory, 'coordinator');
    const material = await readMemberFiles(this.founded.material, memberFiles(directory, this.ports), this.ports.hasher);
    this.founded = { ...this.founded, material };
    this.#rotations += 1;
    while ((await this.#certificatesOfNodes()) < this.nodes.length * (1 + this.#rotations))
      await this.ports.timers.sleep(20, signal);
  }

  async #certificatesOfNodes(): Promise<number> {
    const query = { fromSequence: 1, limit: 0, last: 0, follow: false, types: ['CertificateIssued'] };
    let count = 0;
    for await (const { events } of this.client.admin.listEvents(query, { signal })) {
      count += events.filter(({ payloadJson }) => this.nodes.some(({ nodeId }) => payloadJson.includes(nodeId))).length;
    }
    return count;
  }

  /** Of the process with the coordinator and the nodes, as the coordinator's status tells it; garbage is collected before. */
  async residentBytes(): Promise<number> {
    const collected = this.#answer();
    this.#child.send('collect');
    await collected;
    return (await this.client.admin.getStatus({}, { signal })).process?.residentBytes ?? 0;
  }

  async stop(): Promise<void> {
    for (const channel of this.#channels) channel.close();
    if (this.#child.exitCode === null && this.#child.connected) {
      const ended = once(this.#child, 'exit');
      this.#child.send('stop');
      await ended;
    }
    await rm(this.#directory, { recursive: true });
  }

  async #addNode(name: string): Promise<void> {
    const directory = join(this.#directory, name);
    await mkdir(directory, { mode: 0o700 });
    const order: JoinOrder = { invite: await this.invite('node'), name, directory };
    const answer = this.#answer();
    this.#child.send(order);
    const message = await answer;
    if (message.kind === 'joined') this.nodes.push(message.node);
  }

  #answer(): Promise<Exclude<FromServers, { kind: 'log' }>> {
    return new Promise((resolve, reject) => {
      this.#events.push((message) => {
        if (message.kind === 'failed') reject(new Error(message.reason));
        else if (message.kind !== 'log') resolve(message);
      });
    });
  }
}

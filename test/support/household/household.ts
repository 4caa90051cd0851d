import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeLocalFiles } from '../../../src/cli/local/node-local-files.js';
import { CollectiveClient, createNodeDialler } from '../../../src/client/index.js';
import type { OwnCredentials } from '../../../src/identity/index.js';
import { createNode, joinNode, type NodeOptions, type NodeWorld, type StorageNode } from '../../../src/node/index.js';
import { createTlsNetwork } from '../../../src/runtime/index.js';
import type { Finding } from '../../../src/transport/index.js';
import { StartedCoordinator } from '../coordinator/started-coordinator.js';

const signal = new AbortController().signal;
/** Asked again so often by who waits for something. */
const LOOK_MS = 20;
/** Longer than members wait for each other after something went wrong, and than two busy cores need for all that they do meanwhile. */
const PATIENCE_MS = 60_000;

/** No two runs of 64 KiB are alike, so that nothing is stored once for several. */
export function contentOf(bytes: number, seed: number): Buffer {
  const content = Buffer.alloc(bytes);
  let state = seed;
  for (let at = 0; at < bytes; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    content[at] = state >>> 24;
  }
  return content;
}

export interface HouseholdNode {
  readonly name: string;
  readonly nodeId: string;
  /** Above its store. */
  readonly directory: string;
  stop(): Promise<void>;
  /** With what it has in its store. */
  start(): Promise<void>;
}

/** A member in this process: its coordinator, nodes on real disks, and a client, all over real TLS. */
export class Household {
  readonly name: string;
  readonly coordinator: StartedCoordinator;
  readonly nodes: HouseholdNode[] = [];
  readonly folder: string;
  #client: CollectiveClient | undefined;

  private constructor(name: string, coordinator: StartedCoordinator, folder: string) {
    this.name = name;
    this.coordinator = coordinator;
    this.folder = folder;
  }

  static async found(name: string, nodes: number): Promise<Household> {
    const folder = await mkdtemp(join(tmpdir(), `collective-household-${name}-`));
    const household = new Household(name, await StartedCoordinator.found({ name }), folder);
    for (let index = 1; index <= nodes; index += 1) await household.addNode(`${name}-${index}`);
    return household;
  }

  get memberId(): string {
    return this.coordinator.founded.material.memberId;
  }

  get client(): CollectiveClient {
    this.#client ??= this.otherClient();
    return this.#client;
  }

  get own(): OwnCredentials {
    const { material, firstClient } = this.coordinator.founded;
    const { memberId, ca } = material;
    return { memberId, ca, leaf: firstClient.leaf, privateKeyPem: firstClient.keys.privateKeyPem };
  }

  async addNode(name: string): Promise<HouseholdNode> {
    const { ports, transport } = this.coordinator;
    const world: NodeWorld = { ...ports, keyValueStores: ports.stores, network: createTlsNetwork(), transport };
    const directory = join(this.folder, name);
    const storePath = join(directory, 'store');
    await mkdir(storePath, { recursive: true, mode: 0o700 });
    const { invite } = await this.client.admin.invite('node', name, 0, signal);
    const joined = await joinNode({ invite, name, storePath, signal, save: () => Promise.resolve() }, world);
    let kept: Uint8Array | undefined;
    const options: NodeOptions = {
      own: joined.own,
      name,
      homeEndpoints: joined.homeEndpoints,
      enrolmentEndpoints: joined.enrolmentEndpoints,
      host: '127.0.0.1',
      port: 0,
      failureDomain: name,
      softwareVersion: 'test',
      storePath,
      capacityBytes: 1e9,
      reserveBytes: 0,
      coordinatorFile: {
        read: () => Promise.resolve(kept),
        write: (bytes) => {
          kept = bytes.slice();
          return Promise.resolve();
        },
      },
    };
    let running: StorageNode | undefined;
    const node: HouseholdNode = {
      name,
      nodeId: joined.nodeId,
      directory,
      async start() {
        running = createNode(options, world);
        await running.start(signal);
        while (!running.connected) await ports.timers.sleep(LOOK_MS, signal);
      },
      async stop() {
        await running?.stop();
        running = undefined;
      },
    };
    await node.start();
    this.nodes.push(node);
    return node;
  }

  /** Both admit each other, and there is a session between them. */
  async befriend(guest: Household): Promise<void> {
    const { invite } = await this.client.members.invite({ name: guest.name, lifeMs: 0, approved: true }, signal);
    await guest.client.members.accept({ invite, name: this.name }, signal);
    await this.until('they are connected', async () => (await this.isConnectedTo(guest)) && (await guest.isConnectedTo(this)));
  }

  async isConnectedTo({ memberId }: Household): Promise<boolean> {
    const { peers } = await this.client.peers.list(signal);
    return peers.some((peer) => peer.memberId === memberId && peer.connection === 'connected');
  }

  /** Keeps so many bytes for the other, who knows of it when this resolves. */
  async pledgeTo(other: Household, bytes: number): Promise<void> {
    await this.client.copies.setPledge({ member: other.name, bytes }, signal);
    await this.until('the pledge is known', async () =>
      (await other.client.copies.listPledges(signal)).received.some(
        ({ memberId, pledgedBytes }) => memberId === this.memberId && pledgedBytes === bytes,
      ),
    );
  }

  /** A folder whose files are kept in so many copies by as many members. */
  async sharedFolder(path: string, copies: number, minimumCopies = copies): Promise<void> {
    const modified = { seconds: 0, nanoseconds: 0 };
    await this.client.makeDirectories([path], { mode: 0o755, modified, parents: true }, signal);
    await this.client.copies.setPolicy({ path, copies, minimumCopies, spread: 'members' }, signal);
  }

  /** A second client, which the caller closes. */
  otherClient(): CollectiveClient {
    const { coordinator, own } = this;
    return new CollectiveClient({
      ...coordinator.ports,
      channel: coordinator.connectAs(own),
      local: new NodeLocalFiles(coordinator.ports),
      openNode: createNodeDialler({ ...coordinator.ports, own, network: createTlsNetwork() }),
    });
  }

  /** What this member keeps for the other, by its own record. */
  async keeps(other: Household): Promise<{ readonly bytes: number; readonly chunks: number }> {
    const { given } = await this.client.copies.listPledges(signal);
    const found = given.find(({ memberId }) => memberId === other.memberId);
    return { bytes: found?.usedBytes ?? 0, chunks: found?.usedChunks ?? 0 };
  }

  /** What the other keeps for this member, by the own record. */
  async countsOn(other: Household): Promise<{ readonly bytes: number; readonly chunks: number }> {
    const { received } = await this.client.copies.listPledges(signal);
    const found = received.find(({ memberId }) => memberId === other.memberId);
    return { bytes: found?.usedBytes ?? 0, chunks: found?.usedChunks ?? 0 };
  }

  async put(path: string, content: Uint8Array, client = this.client): Promise<void> {
    const local = join(this.folder, path.replaceAll('/', '_'));
    await writeFile(local, content);
    const report = await client.put({ sources: [local], destination: path, copies: 0, signal });
    const [failure] = report.failures;
    if (failure !== undefined) throw failure.error;
  }

  async read(path: string): Promise<Buffer> {
    const parts: Buffer[] = [];
    await this.client.read(
      path,
      (bytes) => {
        parts.push(Buffer.from(bytes));
        return Promise.resolve();
      },
      { signal },
    );
    return Buffer.concat(parts);
  }

  async findings(): Promise<readonly Finding[]> {
    return (await this.client.admin.status(signal)).findings;
  }

  /** Of its own log, all of one type. */
  async events(type: string): Promise<number> {
    let count = 0;
    const query = { fromSequence: 0, limit: 0, last: 0, follow: false, types: [type] };
    for await (const event of this.client.admin.events(query, signal)) if (event.type === type) count += 1;
    return count;
  }

  async until(what: string, holds: () => Promise<boolean>, patienceMs = PATIENCE_MS): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!(await holds())) {
      if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
      await this.coordinator.ports.timers.sleep(LOOK_MS, signal);
    }
  }

  async close(): Promise<void> {
    this.#client?.close();
    for (const node of this.nodes) await node.stop();
    await this.coordinator.remove();
    await rm(this.folder, { recursive: true, force: true });
  }
}

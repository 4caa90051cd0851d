import { createCipheriv, createHash } from 'node:crypto';
import type { ClientId } from '../../../../src/base/index.js';
import { type ChunkWait, CollectiveClient } from '../../../../src/client/index.js';
import { createLoopbackTransport, FilesServiceDefinition, serve } from '../../../../src/transport/index.js';
import { SeededRandom, SimClock, SimTime, SimTimers } from '../../../simulation/ports/index.js';
import { MemoryLogger, ownCredentials } from '../../../support/rpc.js';
import { createMember, hasher, NOW_MS } from '../../identity/support.js';
import { MemoryLocalFiles } from './memory-local-files.js';
import { SimulatedFiles } from './simulated-files-service.js';
import { openSimulated, SimulatedNode } from './simulated-nodes.js';

export interface ClientWorld {
  readonly client: CollectiveClient;
  readonly coordinator: SimulatedFiles;
  readonly nodes: readonly SimulatedNode[];
  readonly local: MemoryLocalFiles;
  readonly logger: MemoryLogger;
  readonly time: SimTime;
  /** Lets as much virtual time pass as the body needs. */
  /** What the user was told to be waited for. */
  readonly waits: readonly ChunkWait[];
  readonly run: <Value>(body: () => Promise<Value>) => Promise<Value>;
}

const credentials = createMember('client tests').then(async (member) => {
  const { memberId } = member;
  const validity = { nowMs: NOW_MS };
  return {
    own: await ownCredentials(member, { role: 'client', memberId, clientId: 'clientclientclie' as ClientId }, validity),
    server: await ownCredentials(member, { role: 'coordinator', memberId }, validity),
  };
});

/** A client with a simulated coordinator and nodes, in virtual time. */
export async function clientWorld(nodeCount = 3): Promise<ClientWorld> {
  const { own, server } = await credentials;
  const time = new SimTime();
  const [clock, timers, random] = [new SimClock(time), new SimTimers(time), new SeededRandom('client')];
  const nodes = Array.from(
    { length: nodeCount },
    (_, index) => new SimulatedNode(`${'abcdefghij'[index]}`.repeat(16), `node-${index + 1}`),
  );
  const coordinator = new SimulatedFiles(nodes);
  const logger = new MemoryLogger();
  const transport = createLoopbackTransport({ clock, timers, random });
  const services = [serve(FilesServiceDefinition, coordinator.service)];
  const { port } = await transport.listen({ kind: 'home', host: 'home', port: 0, own: server, services, logger });
  const local = new MemoryLocalFiles();
  const waits: ChunkWait[] = [];
  const client = new CollectiveClient({
    channel: transport.connect({ endpoints: [`home:${port}`], own }),
    openNode: openSimulated(nodes, timers),
    local,
    clock,
    timers,
    random,
    hasher,
    logger,
    onWaiting: (wait) => waits.push(wait),
  });
  return { waits, client, coordinator, nodes, local, logger, time, run: (body) => time.run(body) };
}

/** Bytes that follow from the seed and look random. */
export function someBytes(seed: string | number, length: number): Buffer {
  const key = createHash('sha256').update(String(seed)).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** Quicker than comparing element by element. */
export const same = (left: Uint8Array | undefined, right: Uint8Array | undefined): boolean =>
  left !== undefined && right !== undefined && Buffer.compare(left, right) === 0;

export const signal = new AbortController().signal;

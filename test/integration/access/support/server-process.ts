import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createCoordinator, readMemberFiles } from '../../../../src/coordinator/index.js';
import { createNode, joinNode, type NodeWorld } from '../../../../src/node/index.js';
import type { Clock, Logger, Network } from '../../../../src/ports/index.js';
import { createLogger, createTlsNetwork } from '../../../../src/runtime/index.js';
import { createGrpcTransport } from '../../../../src/transport/index.js';
import { memberFiles, realPorts } from '../../../support/coordinator/started-coordinator.js';
import type { FromServers, JoinOrder, RunningNode, StartOrder } from './messages.js';

// A coordinator and its nodes in a process of their own, so that what is done to them shows in its memory and in nothing else.
const say = (message: FromServers): void => {
  process.send?.(message);
};
const order = JSON.parse(process.argv[2] ?? '') as StartOrder;
const signal = new AbortController().signal;
const logger = await createLogger({
  level: 'info',
  format: 'json',
  destination: { write: (line) => say({ kind: 'log', line }) },
});
const ports = { ...(await realPorts()), logger };
const stopping: (() => Promise<void>)[] = [];

/** For who counts lines a minute: whenever it looks, another minute is over. */
function hurriedClock(clock: Clock): Clock {
  let minutes = 0;
  return { nowMs: () => clock.nowMs(), monotonicMs: () => (minutes += 1) * 60_000 };
}

/** Tells every refusal instead of a bounded number a minute. */
function talkativeNetwork(network: Network, told: Logger): Network {
  return {
    connect: (options) => network.connect(options),
    listen: (options, onConnection) =>
      network.listen(
        {
          ...options,
          onRefused: (remote, error) =>
            told.warn('connection refused', { remote, code: 'code' in error ? error.code : error.name, reason: error.message }),
        },
        onConnection,
      ),
  };
}

async function startCoordinator(): Promise<void> {
  const { directory, homePort, enrolmentPort, peerPort } = order;
  const files = memberFiles(directory, ports);
  const coordinator = createCoordinator({
    directory,
    material: await readMemberFiles(order, files, ports.hasher),
    files,
    home: { host: '127.0.0.1', port: homePort },
    enrolment: { host: '127.0.0.1', port: enrolmentPort },
    peer: { host: '127.0.0.1', port: peerPort },
    homeEndpoints: [`127.0.0.1:${homePort}`],
    enrolmentEndpoints: [`127.0.0.1:${enrolmentPort}`],
    peerEndpoints: [`127.0.0.1:${peerPort}`],
    softwareVersion: 'test',
    processFacts: () => ({ pid: process.pid, residentBytes: process.memoryUsage.rss(), cpuUserMs: 0, cpuSystemMs: 0 }),
    transport: createGrpcTransport(order.everyRefusal ? { ...ports, clock: hurriedClock(ports.clock) } : ports),
    ports,
  });
  await coordinator.start(signal);
  stopping.push(() => coordinator.stop());
}

async function startNode({ invite, name, directory }: JoinOrder): Promise<RunningNode> {
  const network = createTlsNetwork();
  const world: NodeWorld = {
    ...ports,
    keyValueStores: ports.stores,
    network: order.everyRefusal ? talkativeNetwork(network, logger) : network,
    transport: createGrpcTransport(ports),
  };
  const storePath = join(directory, 'store');
  await mkdir(storePath, { mode: 0o700 });
  const joined = await joinNode({ invite, name, storePath, signal, save: () => Promise.resolve() }, world);
  const node = createNode(
    {
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
      coordinatorFile: { read: () => Promise.resolve(undefined), write: () => Promise.resolve() },
    },
    world,
  );
  const { port } = await node.start(signal);
  stopping.unshift(() => node.stop());
  while (!node.connected) await ports.timers.sleep(10, signal);
  return { nodeId: node.nodeId, name, port };
}

async function stop(): Promise<void> {
  try {
    for (const each of stopping) await each();
  } finally {
    process.disconnect?.();
  }
}

const failed = (error: unknown): void =>
  say({ kind: 'failed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) });

process.on('message', (message: JoinOrder | 'collect' | 'stop') => {
  if (message === 'stop') stop().catch(failed);
  else if (message === 'collect') {
    // Started with --expose-gc, so that growth is growth, and not what only waits to be collected.
    globalThis.gc?.();
    say({ kind: 'collected' });
  } else
    startNode(message).then((node) => {
      say({ kind: 'joined', node });
    }, failed);
});
// Whatever is left open does not keep it; and what could not be stopped is said before.
process.once('disconnect', () => process.exit());
await startCoordinator().then(() => say({ kind: 'started' }), failed);

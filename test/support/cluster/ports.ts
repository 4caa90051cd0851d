import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below the range that kernels take for outgoing connections, so that nothing sits on a port while its daemon restarts. */
const FIRST_PORT = 12_000;
const PORTS_A_BLOCK = 100;
const BLOCKS = 80;

let next: number | undefined;
let blockEnd = 0;

/**
 * Ports on loopback that are free, all different, and given to nobody else that asks here: each process takes its ports from
 * blocks whose first port it keeps for as long as it runs.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    if (next === undefined || next === blockEnd) {
      const first = await claimBlock();
      [next, blockEnd] = [first + 1, first + PORTS_A_BLOCK];
    }
    const port = next;
    next += 1;
    const server = await listenOn(port);
    if (server === undefined) continue;
    ports.push(port);
    server.close();
    await once(server, 'close');
  }
  return ports;
}

async function claimBlock(): Promise<number> {
  for (let tried = 0; tried < BLOCKS; tried += 1) {
    const first = FIRST_PORT + ((process.pid + tried) % BLOCKS) * PORTS_A_BLOCK;
    const server = await listenOn(first);
    if (server === undefined) continue;
    server.unref();
    return first;
  }
  throw new Error(`all blocks of ports from ${FIRST_PORT} on are taken: too many tests at once`);
}

/** Undefined where somebody else has it. */
async function listenOn(port: number): Promise<Server | undefined> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined;
    throw error;
  }
}

import { isCollectiveError } from '../../src/base/index.js';
import { type OwnCredentials, tlsCredentials } from '../../src/identity/index.js';
import { createTlsNetwork } from '../../src/runtime/index.js';
import { AdminServiceDefinition, ChunkConnection, createClient } from '../../src/transport/index.js';
import type { AccessWorld } from '../../test/integration/access/support/access-world.js';
import type { Port } from './rpcs.js';

/** What this program's own client tells its user when it is not let in. */
export interface ClientWord {
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

const signal = new AbortController().signal;

/** Undefined where it was let in. Credentials are used as of this member, which is what an honest mistake looks like. */
export async function clientWord(
  world: AccessWorld,
  port: Port,
  portNumber: number,
  shown: OwnCredentials,
): Promise<ClientWord | undefined> {
  const { memberId, ca } = world.founded.material;
  const own = { ...shown, memberId, ca };
  try {
    if (port === 'data') await openConnection(world, portNumber, own);
    else await callOnce(world, portNumber, own);
    return undefined;
  } catch (error) {
    if (!isCollectiveError(error)) throw error;
    return { code: error.code, message: error.message, next: error.next ?? '' };
  }
}

async function openConnection(world: AccessWorld, port: number, own: OwnCredentials): Promise<void> {
  const credentials = tlsCredentials(own, ['node'], world.ports.clock);
  const stream = await createTlsNetwork().connect({ host: '127.0.0.1', port, credentials, timeoutMs: 10_000, signal });
  const connection = await ChunkConnection.open({ stream, ...world.ports }, signal);
  connection.close();
}

async function callOnce(world: AccessWorld, port: number, own: OwnCredentials): Promise<void> {
  const channel = world.transport.connect({ endpoints: [`127.0.0.1:${port}`], own });
  try {
    await createClient(AdminServiceDefinition, channel).getStatus({}, { signal });
  } finally {
    channel.close();
  }
}

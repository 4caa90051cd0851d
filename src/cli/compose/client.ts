import { CollectiveClient, createNodeDialler, type OpenNodeChannel } from '../../client/index.js';
import { createTlsNetwork } from '../../runtime/index.js';
import { createGrpcTransport } from '../../transport/index.js';
import { ContextStore, type Context } from '../contexts/context-store.js';
import { NodeLocalFiles } from '../local/node-local-files.js';
import type { World } from './world.js';

/** The client of a context of this user. Errors: CONFIG_INVALID, NOT_FOUND, KEY_FILE_UNSAFE, CERTIFICATE_INVALID. */
export async function openContextClient(
  world: World,
  configDirectory: string,
  contextName: string | undefined,
): Promise<{ readonly client: CollectiveClient; readonly context: Context; readonly openNode: OpenNodeChannel }> {
  const store = new ContextStore(configDirectory, world);
  const context = await store.choose(contextName);
  const own = await store.credentials(context);
  const channel = createGrpcTransport(world).connect({ endpoints: context.endpoints, own });
  const local = new NodeLocalFiles(world);
  const openNode = createNodeDialler({ ...world, own, network: createTlsNetwork() });
  const client = new CollectiveClient({ ...world, channel, local, openNode });
  return { client, context, openNode };
}

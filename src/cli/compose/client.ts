import { type CollectiveError, isCollectiveError } from '../../base/index.js';
import { type ClientOptions, CollectiveClient, createNodeDialler, type OpenNodeChannel } from '../../client/index.js';
import { LiveCredentials } from '../../identity/index.js';
import { createTlsNetwork } from '../../runtime/index.js';
import { CertificateKeeper, createGrpcTransport, renewingChannel, type RpcChannel } from '../../transport/index.js';
import { ContextStore, type Context } from '../contexts/context-store.js';
import { NodeLocalFiles } from '../local/node-local-files.js';
import type { World } from './world.js';

export interface OpenedClient {
  readonly client: CollectiveClient;
  readonly context: Context;
  readonly openNode: OpenNodeChannel;
  /** Ends it, and its connections. */
  close(): Promise<void>;
}

/** What people may want to know meanwhile. */
export interface Told extends Pick<ClientOptions, 'onAway' | 'onWaiting'> {
  /** The certificate could not be renewed; it is good until then. */
  readonly onNotRenewed?: (error: CollectiveError, untilMs: number) => void;
}

/**
 * The client of a context of this user, whose certificate is renewed as it is used. Errors: CONFIG_INVALID, NOT_FOUND,
 * KEY_FILE_UNSAFE, CERTIFICATE_INVALID.
 */
export async function openContextClient(
  world: World,
  configDirectory: string,
  contextName: string | undefined,
  told: Told = {},
): Promise<OpenedClient> {
  const store = new ContextStore(configDirectory, world);
  const context = await store.choose(contextName);
  const own = new LiveCredentials(await store.credentials(context));
  const transport = createGrpcTransport(world);
  const direct = transport.connect({ endpoints: context.endpoints, own });
  let used = false;
  const keeper = new CertificateKeeper(
    {
      own,
      channel: direct,
      enrolmentEndpoints: context.enrolmentEndpoints,
      // Tickets and receipts of what is under way are bound to the key: then it stays.
      key: () => (used ? 'same' : 'new'),
      save: (renewed) => store.keepRenewed(context, renewed),
      onFailed: told.onNotRenewed ?? (() => undefined),
    },
    { ...world, transport },
  );
  const channel = renewingChannel(direct, keeper, () => {
    used = true;
  });
  const dial = createNodeDialler({ ...world, own, network: createTlsNetwork() });
  const openNode: OpenNodeChannel = async (access, signal) => {
    try {
      return await dial(access, signal);
    } catch (error) {
      // A node may have a certificate of a CA that this end has not heard of yet.
      if (!isCollectiveError(error) || error.code !== 'CERTIFICATE_INVALID' || !(await keeper.refresh(signal))) throw error;
      return dial(access, signal);
    }
  };
  const closing = new AbortController();
  const untilClosed: RpcChannel = {
    open: (path, options) => channel.open(path, options),
    close: () => {
      closing.abort();
      channel.close();
    },
  };
  const client = new CollectiveClient({ ...world, channel: untilClosed, local: new NodeLocalFiles(world), openNode, ...told });
  const keeping = keeper.run(closing.signal);
  return {
    client,
    context,
    openNode,
    async close() {
      client.close();
      await keeping;
    },
  };
}

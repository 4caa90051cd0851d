import { Channel, connectivityState as State, type ChannelOptions } from '@grpc/grpc-js';
import type { ConnectionOptions, SecureContext } from 'node:tls';
import { LIMITS } from '../../../base/index.js';
import type { Clock } from '../../../ports/index.js';
import { connectionFailure } from './connection-failure.js';
import { EndingCredentials } from './ending-credentials.js';
import { probeTls } from './tls-probe.js';

/** Sent in clear, so it says nothing; who the server is stands in its certificate. */
export const SERVER_NAME = 'coordinator.collective.invalid';

const OPTIONS: ChannelOptions = {
  'grpc.ssl_target_name_override': SERVER_NAME,
  'grpc.default_authority': SERVER_NAME,
  'grpc.max_receive_message_length': LIMITS.rpcMessageBytes,
  'grpc.max_send_message_length': LIMITS.rpcMessageBytes,
  'grpc.keepalive_timeout_ms': LIMITS.rpcKeepaliveTimeoutMs,
  // Repeating is for callers, who know what may be repeated; names are looked up and connections made for each channel alone.
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_http_proxy': 0,
  'grpc.enable_channelz': 0,
};

export interface ServerTrust {
  readonly secureContext: SecureContext;
  /** Called with the server's leaf (DER) after the chain was found good; returns what is wrong with it. */
  readonly checkServer: (leaf: Uint8Array) => Error | undefined;
}

export interface DialOptions {
  readonly trust: ServerTrust;
  /** How often the connection is tried while calls are open on it. */
  readonly keepaliveMs: number;
}

/** A connected channel to one endpoint. Errors: COORDINATOR_UNREACHABLE, CERTIFICATE_INVALID. */
export async function dial(endpoint: string, options: DialOptions, clock: Clock, signal: AbortSignal): Promise<Channel> {
  return (await tryDial(endpoint, options, clock, signal)) ?? (await diagnose(endpoint, options, clock, signal));
}

/** grpc-js says little about why a connection failed, so a handshake of our own finds out. */
async function diagnose(endpoint: string, options: DialOptions, clock: Clock, signal: AbortSignal): Promise<Channel> {
  const outcome = await probeTls({ ...addressOf(endpoint), ...tlsOptions(options.trust) }, signal);
  // It may have come up just now.
  const channel = outcome.kind === 'accepted' ? await tryDial(endpoint, options, clock, signal) : undefined;
  if (channel === undefined) throw connectionFailure(endpoint, outcome);
  return channel;
}

const serverLeaves = new WeakMap<Channel, () => Uint8Array | undefined>();

/** DER of the certificate that the server of a channel has proved in its last handshake. */
export const serverLeafOf = (channel: Channel): Uint8Array | undefined => serverLeaves.get(channel)?.();

async function tryDial(
  endpoint: string,
  { trust, keepaliveMs }: DialOptions,
  clock: Clock,
  signal: AbortSignal,
): Promise<Channel | undefined> {
  let leaf: Uint8Array | undefined;
  const checkServer: ServerTrust['checkServer'] = (shown) => {
    const failure = trust.checkServer(shown);
    if (failure === undefined) leaf = new Uint8Array(shown);
    return failure;
  };
  const { secureContext, checkServerIdentity } = tlsOptions({ ...trust, checkServer });
  const credentials = new EndingCredentials(secureContext, { checkServerIdentity });
  const channel = new Channel(`dns:${endpoint}`, credentials, { ...OPTIONS, 'grpc.keepalive_time_ms': keepaliveMs });
  serverLeaves.set(channel, () => leaf);
  // Whoever waits for a change of its state is told by that.
  const stop = (): void => channel.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (!signal.aborted && (await becomesReady(channel, clock.nowMs() + LIMITS.rpcConnectTimeoutMs))) return channel;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  channel.close();
  credentials.end();
  return undefined;
}

async function becomesReady(channel: Channel, giveUpMs: number): Promise<boolean> {
  for (;;) {
    const state = channel.getConnectivityState(true);
    if (state === State.READY) return true;
    const failed = state === State.TRANSIENT_FAILURE || state === State.SHUTDOWN;
    if (failed || !(await changes(channel, state, giveUpMs))) return false;
  }
}

export const isConnected = (channel: Channel): boolean => channel.getConnectivityState(false) === State.READY;

const changes = (channel: Channel, from: State, deadlineMs: number): Promise<boolean> =>
  new Promise((resolve) => {
    channel.watchConnectivityState(from, deadlineMs, (error) => {
      resolve(error === undefined);
    });
  });

const tlsOptions = ({ secureContext, checkServer }: ServerTrust) => ({
  secureContext,
  servername: SERVER_NAME,
  checkServerIdentity: (_host: string, certificate: { readonly raw: Buffer }): Error | undefined => checkServer(certificate.raw),
});

/** Of `host:port`, with IPv6 addresses in brackets. */
export function addressOf(endpoint: string): Required<Pick<ConnectionOptions, 'host' | 'port'>> {
  const colon = endpoint.lastIndexOf(':');
  return { host: endpoint.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(endpoint.slice(colon + 1)) };
}

import { createSecureContext } from 'node:tls';
import { CollectiveError, equalBytes, LIMITS, toCollectiveError } from '../../../base/index.js';
import { chainPem, type OwnCredentials, trustPem, verifyMemberLeaf } from '../../../identity/index.js';
import type { EnrolmentChannel, EnrolmentConnectOptions, PeerConnectOptions, RpcChannel, RpcTransport } from '../channel.js';
import { notPresent, presentPeer } from '../peer-checks.js';
import { allFailed, connectionFailure, notTheCoordinator, ownCertificateFailure } from './connection-failure.js';
import { addressOf, SERVER_NAME, type ServerTrust } from './dial.js';
import { GrpcChannel } from './grpc-channel.js';
import type { GrpcWorld } from './grpc-world.js';
import { probeTls } from './tls-probe.js';

/** Remote calls by gRPC over TLS 1.3. */
export const createGrpcTransport = (world: GrpcWorld): RpcTransport => ({
  // Loaded by those who listen only: clients start faster without it.
  listen: async (options) => (await import('./grpc-listener.js')).listenGrpc(options, world),
  connect: ({ endpoints, own }) => connectHome(endpoints, own, world),
  connectPeer: (options) => connectPeer(options, world),
  connectEnrolment: (options) => connectEnrolment(options, world),
});

const { rpcKeepaliveMs: keepaliveMs } = LIMITS;

function connectHome(endpoints: readonly string[], own: OwnCredentials, world: GrpcWorld): RpcChannel {
  const checkServer = (leaf: Uint8Array): Error | undefined => {
    const verified = verifyMemberLeaf(leaf, own, { nowMs: world.clock.nowMs(), roles: ['coordinator'] });
    return verified.ok ? undefined : notTheCoordinator(verified.error);
  };
  const trust = (): ServerTrust => ({
    secureContext: createSecureContext({
      cert: chainPem(own),
      key: own.privateKeyPem,
      ca: trustPem(own),
      minVersion: 'TLSv1.3',
    }),
    checkServer,
  });
  const hopeless = (): CollectiveError | undefined => ownCertificateFailure(own, world.clock.nowMs());
  const onChange = (listener: () => void): (() => void) | undefined => own.onChange?.(listener);
  return new GrpcChannel({ endpoints: () => endpoints, trust, keepaliveMs, hopeless, onChange }, world);
}

function connectPeer({ own, memberId, peers }: PeerConnectOptions, world: GrpcWorld): RpcChannel {
  const trust = (): ServerTrust => {
    const peer = presentPeer(peers, memberId);
    return {
      secureContext: createSecureContext({
        cert: chainPem(own),
        key: own.privateKeyPem,
        ca: trustPem(peer),
        minVersion: 'TLSv1.3',
      }),
      checkServer: (leaf) => {
        const verified = verifyMemberLeaf(leaf, peer, { nowMs: world.clock.nowMs(), roles: ['coordinator'] });
        return verified.ok ? undefined : notTheCoordinator(verified.error);
      },
    };
  };
  const hopeless = (): CollectiveError | undefined =>
    peers.of(memberId) === undefined ? notPresent(memberId) : ownCertificateFailure(own, world.clock.nowMs());
  const onChange = (listener: () => void): (() => void) => {
    let known = peers.of(memberId);
    const forgetOwn = own.onChange?.(listener);
    const forgetPeers = peers.onChange(() => {
      const present = peers.of(memberId);
      if (present === known) return;
      known = present;
      listener();
    });
    return () => {
      forgetOwn?.();
      forgetPeers();
    };
  };
  const endpoints = (): readonly string[] => presentPeer(peers, memberId).endpoints;
  return new GrpcChannel({ endpoints, trust, keepaliveMs: LIMITS.peerKeepaliveMs, hopeless, onChange }, world);
}

async function connectEnrolment(options: EnrolmentConnectOptions, world: GrpcWorld): Promise<EnrolmentChannel> {
  const failures: CollectiveError[] = [];
  for (const endpoint of options.endpoints.slice(0, LIMITS.endpointsPerDaemon)) {
    try {
      return await tryEnrolment(endpoint, options, world);
    } catch (error) {
      failures.push(toCollectiveError(error));
    }
    if (options.signal.aborted) throw new CollectiveError('CANCELLED', 'Joining was cancelled.');
  }
  throw allFailed(failures);
}

/**
 * The CA cannot be given to TLS before it is known. So a first handshake only looks at the chain and is then hung up; what is
 * sent later goes to that very leaf, with the CA that was found good as the only one.
 */
async function tryEnrolment(endpoint: string, options: EnrolmentConnectOptions, world: GrpcWorld): Promise<EnrolmentChannel> {
  const outcome = await probeTls({ ...addressOf(endpoint), servername: SERVER_NAME, rejectUnauthorized: false }, options.signal);
  if (outcome.kind !== 'accepted') throw connectionFailure(endpoint, outcome);
  const ca = options.verifyServer(outcome.chain);
  let [serverLeaf] = outcome.chain;
  if (serverLeaf === undefined) throw new CollectiveError('CERTIFICATE_INVALID', `${endpoint} showed no certificate.`);
  const trust: ServerTrust = {
    secureContext: createSecureContext({ ca: ca.pem, minVersion: 'TLSv1.3' }),
    checkServer: (leaf) => {
      if (serverLeaf !== undefined && equalBytes(leaf, serverLeaf)) return undefined;
      try {
        // It was renewed a moment ago: then it is as good, if it is by the same CA.
        if (!equalBytes(options.verifyServer([new Uint8Array(leaf), ca.der]).sha256, ca.sha256)) return changed(endpoint);
      } catch (error) {
        return toCollectiveError(error);
      }
      if (connected) return changed(endpoint);
      serverLeaf = new Uint8Array(leaf);
      return undefined;
    },
  };
  const channel = new GrpcChannel(
    { endpoints: () => [endpoint], trust: () => trust, keepaliveMs, hopeless: () => undefined },
    world,
  );
  let connected = false;
  try {
    // Now, because proofs are bound to the leaf of this connection.
    await channel.connect(options.signal);
    connected = true;
    return { channel, serverLeaf, ca };
  } catch (error) {
    channel.close();
    throw error;
  }
}

const changed = (endpoint: string): CollectiveError =>
  new CollectiveError('CERTIFICATE_INVALID', `${endpoint} showed another certificate than a moment ago.`, { next: 'Try again.' });

import { accept, CollectiveError, isMemberId, LIMITS, toCollectiveError } from '../../base/index.js';
import {
  acceptTrust,
  type OwnCredentials,
  type ToldTrust,
  tlsCredentials,
  tlsCredentialsTo,
  verifyMemberLeaf,
} from '../../identity/index.js';
import type { Clock, Hasher, Network, SignatureVerifier, Timers, TlsCredentials } from '../../ports/index.js';
import type { NodeAccess } from '../generated/collective/v1/common.js';
import { ChunkConnection } from './chunk-connection.js';

export interface DialNodeOptions {
  readonly network: Network;
  readonly own: OwnCredentials;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
}

/** The member whose node is dialled, and how. */
interface Whose {
  readonly member: Pick<OwnCredentials, 'memberId' | 'ca' | 'previousCas'>;
  readonly credentials: TlsCredentials;
}

/**
 * Connects to the first endpoint that answers as that very node: one of the own member; or one of another's, by CAs that its
 * member's identity key endorsed. Errors: NODE_UNREACHABLE, CERTIFICATE_INVALID, PROTOCOL_ERROR, CANCELLED.
 */
export async function dialNode(options: DialNodeOptions, access: NodeAccess, signal: AbortSignal): Promise<ChunkConnection> {
  const { own, clock } = options;
  const ours = access.memberId === '' || access.memberId === own.memberId;
  const whose = ours ? { member: own, credentials: tlsCredentials(own, ['node'], clock) } : anothers(access, options);
  const failures: CollectiveError[] = [];
  for (const endpoint of access.endpoints.slice(0, LIMITS.endpointsPerDaemon)) {
    try {
      return await dial(options, whose, access, endpoint, signal);
    } catch (thrown) {
      const error = toCollectiveError(thrown);
      if (signal.aborted) throw error;
      failures.push(error);
    }
  }
  throw unreachable(access, failures);
}

function anothers({ memberId, name, trust }: NodeAccess, { own, clock, hasher, verifier }: DialNodeOptions): Whose {
  const known: ToldTrust = trust ?? { identityPublicKey: new Uint8Array(0), cas: [] };
  if (!isMemberId(memberId) || known.cas.length > LIMITS.casTold) {
    throw new CollectiveError('PROTOCOL_ERROR', `It is not said by what node ${name} is known.`);
  }
  const member = { memberId, ...accept(acceptTrust(known, { memberId }, { hasher, verifier })) };
  return { member, credentials: tlsCredentialsTo(member, own, ['node'], clock) };
}

async function dial(
  options: DialNodeOptions,
  { member, credentials }: Whose,
  access: NodeAccess,
  endpoint: string,
  signal: AbortSignal,
): Promise<ChunkConnection> {
  const { network, hasher, clock, timers } = options;
  const colon = endpoint.lastIndexOf(':');
  const host = endpoint.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const port = Number(endpoint.slice(colon + 1));
  const stream = await network.connect({ host, port, credentials, timeoutMs: LIMITS.handshakeTimeoutMs, signal });
  const peer = accept(verifyMemberLeaf(stream.peer.leaf, member, { nowMs: clock.nowMs(), roles: ['node'] }));
  if (peer.role !== 'node' || peer.nodeId !== access.nodeId) {
    const error = new CollectiveError('CERTIFICATE_INVALID', `At ${endpoint} is another node than ${access.name}.`);
    stream.destroy(error);
    throw error;
  }
  return ChunkConnection.open({ stream, hasher, clock, timers }, signal);
}

function unreachable({ name, endpoints }: NodeAccess, failures: readonly CollectiveError[]): CollectiveError {
  const [first] = failures;
  if (first !== undefined && failures.length === 1) return first;
  const why = failures.map(({ message }) => message).join(' ');
  return new CollectiveError(
    'NODE_UNREACHABLE',
    `Node ${name} cannot be reached at ${endpoints.join(', ') || 'any address'}. ${why}`.trim(),
    {
      next: 'collective node list',
      details: { node: name },
    },
  );
}

import { accept, CollectiveError, equalBytes, LIMITS } from '../../base/index.js';
import { acceptTrust, openCa, type PeerMember, type ToldTrust, type TrustedCa, verifyLeaf } from '../../identity/index.js';
import type { Clock, Hasher, SignatureVerifier } from '../../ports/index.js';
import { EnrolmentServiceDefinition } from '../generated/collective/v1/enrolment.js';
import type { RpcTransport } from '../rpc/channel.js';
import { createClient } from '../rpc/client.js';

const TIMEOUT_MS = 15_000;

/**
 * Asks another member's coordinator, at its enrolment listener, for its present CAs: for who has been away while they were
 * replaced. They count only with the endorsement of the identity key that the member id stands for, and only if they issued the
 * certificate of the server that answers. Errors: COORDINATOR_UNREACHABLE, CERTIFICATE_INVALID.
 */
export async function askMember(
  options: {
    readonly peer: Pick<PeerMember, 'memberId' | 'ca'>;
    /** `host:port` of its enrolment listener. */
    readonly endpoints: readonly string[];
    readonly signal: AbortSignal;
  },
  world: {
    readonly transport: RpcTransport;
    readonly clock: Clock;
    readonly hasher: Hasher;
    readonly verifier: SignatureVerifier;
  },
): Promise<ToldTrust> {
  const { peer, endpoints, signal } = options;
  const { memberId } = peer;
  // A CA that names this member and has issued the server's certificate: whether it is the member's is not known before it is told.
  const verifyServer = (chain: readonly Uint8Array[]): TrustedCa => {
    const [leaf = new Uint8Array()] = chain;
    const nowMs = world.clock.nowMs();
    for (const der of chain.slice(1)) {
      const ca = openCa(der);
      if (!ca.ok || !verifyLeaf(leaf, { ca: ca.value, memberId, nowMs, roles: ['coordinator'] }).ok) continue;
      return ca.value;
    }
    throw notIt();
  };
  const enrolment = await world.transport.connectEnrolment({ endpoints, verifyServer, signal });
  try {
    const client = createClient(EnrolmentServiceDefinition, enrolment.channel);
    const { trust } = await client.introduce({}, { signal, timeoutMs: TIMEOUT_MS });
    if (trust === undefined || trust.cas.length > LIMITS.casTold) throw notIt();
    const { ca, previousCas } = accept(acceptTrust(trust, peer, world));
    const known = [ca, ...previousCas.map((previous) => previous.ca)];
    if (!known.some(({ sha256 }) => equalBytes(sha256, enrolment.ca.sha256))) throw notIt();
    return trust;
  } finally {
    enrolment.channel.close();
  }
}

const notIt = (): CollectiveError =>
  new CollectiveError('CERTIFICATE_INVALID', 'Who answers there is not the coordinator of that member.', {
    next: 'Check its address with the people of that member.',
  });

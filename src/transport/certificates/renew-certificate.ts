import { accept, assert, CollectiveError, equalBytes, LIMITS } from '../../base/index.js';
import {
  acceptTrust,
  casOf,
  createCertificateRequest,
  createSigner,
  type CredentialSet,
  ENROLMENT_NONCE_BYTES,
  generateKeyPair,
  isEndpoint,
  isIssuedBy,
  type KeyPair,
  openCa,
  openKeyPair,
  type OwnCredentials,
  ownIdentity,
  type PeerIdentity,
  proveRenewal,
  type TrustedCa,
  verifyLeaf,
  verifyMemberLeaf,
} from '../../identity/index.js';
import type { Clock, Hasher, Random, SignatureVerifier } from '../../ports/index.js';
import { CertificateServiceDefinition, type RenewResponse } from '../generated/collective/v1/certificates.js';
import type { MemberTrust } from '../generated/collective/v1/common.js';
import { EnrolmentServiceDefinition } from '../generated/collective/v1/enrolment.js';
import type { RpcChannel, RpcTransport } from '../rpc/channel.js';
import { createClient } from '../rpc/client.js';

export interface RenewalPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
}

/** What a renewal gives; nothing of it is kept anywhere yet. */
export interface RenewedCertificate {
  readonly credentials: CredentialSet;
  /** `host:port` of the coordinator's listeners as they are now. */
  readonly homeEndpoints: readonly string[];
  readonly enrolmentEndpoints: readonly string[];
}

/** The same key keeps tickets and receipts good that are bound to it. */
export type KeyChoice = 'new' | 'same';

const TIMEOUT_MS = 20_000;

/**
 * Another certificate, for who can still show the one it has. Errors: those of the call, CERTIFICATE_REVOKED; CERTIFICATE_INVALID
 * for an answer that is not for this key, or names a CA that is not endorsed.
 */
export async function renewCertificate(
  request: {
    readonly own: OwnCredentials;
    readonly channel: RpcChannel;
    readonly key: KeyChoice;
    readonly signal: AbortSignal;
  },
  ports: RenewalPorts,
): Promise<RenewedCertificate> {
  const { own, channel, signal } = request;
  const keys = keysFor(own, request.key, ports);
  const certificateRequest = await createCertificateRequest(keys);
  const client = createClient(CertificateServiceDefinition, channel);
  const response = await client.renew({ certificateRequest }, { signal, timeoutMs: TIMEOUT_MS });
  return renewed(response, own, keys, ports);
}

/**
 * Another certificate, by proof of the key of one that cannot be shown any more: it has expired, or the CA was replaced while its
 * holder was away. Nothing is sent but a question before the server has proved that it speaks for this member. Errors as above.
 */
export async function renewLapsedCertificate(
  request: {
    readonly own: OwnCredentials;
    /** `host:port` of the enrolment listener, in the order to try. */
    readonly endpoints: readonly string[];
    readonly key: KeyChoice;
    readonly signal: AbortSignal;
  },
  ports: RenewalPorts & { readonly transport: RpcTransport },
): Promise<RenewedCertificate> {
  const { own, endpoints, signal } = request;
  const { clock, hasher, random, transport } = ports;
  let unknownCa: TrustedCa | undefined;
  const enrolment = await transport.connectEnrolment({
    endpoints,
    signal,
    verifyServer: (chain) => {
      const [leaf = new Uint8Array()] = chain;
      const check = { nowMs: clock.nowMs(), roles: ['coordinator'] } as const;
      const known = casOf(own).find((ca) => isIssuedBy(leaf, ca));
      unknownCa = undefined;
      if (known !== undefined) {
        accept(verifyMemberLeaf(leaf, own, check));
        return known;
      }
      // It may be a CA that came while this end was away: whether it is endorsed is asked before anything else is said.
      const shown = chain[1] === undefined ? undefined : openCa(chain[1]);
      if (shown === undefined || !shown.ok) throw notOurs();
      accept(verifyLeaf(leaf, { ...check, ca: shown.value, memberId: own.memberId }));
      unknownCa = shown.value;
      return shown.value;
    },
  });
  try {
    const client = createClient(EnrolmentServiceDefinition, enrolment.channel);
    if (unknownCa !== undefined) {
      const { trust } = await client.introduce({}, { signal, timeoutMs: TIMEOUT_MS });
      if (!equalBytes(trusted(trust, own, ports).ca.sha256, enrolment.ca.sha256)) throw notOurs();
    }
    const keys = keysFor(own, request.key, ports);
    const exchange = {
      serverLeaf: enrolment.serverLeaf,
      certificate: own.leaf,
      certificateRequest: await createCertificateRequest(keys),
      nonce: random.bytes(ENROLMENT_NONCE_BYTES),
    };
    const proof = proveRenewal(exchange, createSigner(accept(openKeyPair(own.privateKeyPem, hasher))), hasher);
    const { certificate, certificateRequest, nonce } = exchange;
    const options = { signal, timeoutMs: TIMEOUT_MS };
    const { renewal } = await client.renewLapsed({ certificate, certificateRequest, nonce, proof }, options);
    if (renewal === undefined) throw notOurs();
    return renewed(renewal, own, keys, ports);
  } finally {
    enrolment.channel.close();
  }
}

const keysFor = (own: OwnCredentials, key: KeyChoice, { random, hasher }: RenewalPorts): KeyPair =>
  key === 'new' ? generateKeyPair(random, hasher) : accept(openKeyPair(own.privateKeyPem, hasher));

const trusted = (trust: MemberTrust | undefined, own: OwnCredentials, ports: RenewalPorts) => {
  if (trust === undefined || trust.cas.length > LIMITS.casTold) throw notOurs();
  return accept(acceptTrust(trust, own, ports));
};

/** The answer, if it is for this key, for whom this was before, and by a CA of this member. */
function renewed(response: RenewResponse, own: OwnCredentials, keys: KeyPair, ports: RenewalPorts): RenewedCertificate {
  const trust = trusted(response.trust, own, ports);
  const { memberId } = own;
  const before = accept(ownIdentity(own));
  const check = { ca: trust.ca, memberId, nowMs: ports.clock.nowMs(), roles: [before.role] };
  const leaf = new Uint8Array(response.certificate);
  const now = accept(verifyLeaf(leaf, check));
  if (subjectOf(now) !== subjectOf(before) || !equalBytes(now.publicKey, keys.publicKey)) {
    throw new CollectiveError(
      'CERTIFICATE_INVALID',
      'The coordinator answered with a certificate for somebody else, or for another key.',
    );
  }
  const endpoints = [response.homeEndpoints, response.enrolmentEndpoints];
  if (!endpoints.every((list) => list.length <= LIMITS.endpointsPerDaemon && list.every(isEndpoint))) {
    throw new CollectiveError('PROTOCOL_ERROR', 'The coordinator names addresses that are none.');
  }
  return {
    credentials: { memberId, ...trust, leaf, privateKeyPem: keys.privateKeyPem },
    homeEndpoints: response.homeEndpoints,
    enrolmentEndpoints: response.enrolmentEndpoints,
  };
}

function subjectOf(identity: PeerIdentity): string {
  assert(identity.role !== 'coordinator', 'a coordinator renews its own certificate');
  return `${identity.role}/${identity.role === 'node' ? identity.nodeId : identity.clientId}`;
}

const notOurs = (): CollectiveError =>
  new CollectiveError(
    'CERTIFICATE_INVALID',
    'The server shows no CA that this member has endorsed. It was sent nothing of value.',
    {
      next: 'Check that the address belongs to your own coordinator still; if it does, join again with a new invite.',
    },
  );

import { accept, type ClientId, type MemberId, type NodeId } from '../../src/base/index.js';
import {
  certificatePem,
  createMemberCa,
  generateKeyPair,
  issueLeaf,
  joinPem,
  memberIdOf,
  openCa,
  type KeyPair,
  type Role,
  type TrustedCa,
} from '../../src/identity/index.js';
import type { PeerCertificate, TlsCredentials } from '../../src/ports/index.js';
import { NodeHasher, SystemRandom } from '../../src/runtime/index.js';

const HOUR_MS = 3600 * 1000;
const hasher = new NodeHasher();
const random = new SystemRandom();

/** A member's CA and the key to sign with it. */
export interface TestAuthority {
  readonly memberId: MemberId;
  readonly keys: KeyPair;
  readonly ca: TrustedCa;
}

export async function createAuthority(memberId?: MemberId): Promise<TestAuthority> {
  const keys = generateKeyPair(random, hasher);
  const member = memberId ?? memberIdOf(keys.publicKey, hasher);
  const der = await createMemberCa({ memberId: member, keys, nowMs: Date.now(), random });
  return { memberId: member, keys, ca: accept(openCa(der)) };
}

/** A CA with the same subject and another key. */
export const forgeAuthority = (authority: TestAuthority): Promise<TestAuthority> => createAuthority(authority.memberId);

export interface TestCredentialsOptions {
  /** Default: node. */
  readonly role?: Role;
  /** An expired certificate. */
  readonly expired?: boolean;
  /** Whose leaves are accepted. Default: those of the same authority. */
  readonly trusted?: TestAuthority;
  /** Default: accepts all. */
  readonly verifyPeer?: (peer: PeerCertificate) => void;
}

export async function createCredentials(
  authority: TestAuthority,
  options: TestCredentialsOptions = {},
): Promise<TlsCredentials & { readonly leaf: Uint8Array }> {
  const { memberId } = authority;
  const role = options.role ?? 'node';
  const keys = generateKeyPair(random, hasher);
  const leaf = await issueLeaf({
    ca: authority.ca,
    caKeys: authority.keys,
    name: {
      coordinator: { role: 'coordinator' as const, memberId },
      node: { role: 'node' as const, memberId, nodeId: 'nodenodenodenode' as NodeId },
      client: { role: 'client' as const, memberId, clientId: 'clientclientclie' as ClientId },
    }[role],
    publicKey: keys.publicKey,
    nowMs: options.expired === true ? Date.now() - 2 * HOUR_MS : Date.now(),
    lifeMs: HOUR_MS,
    random,
  });
  return {
    leaf,
    certificateChain: joinPem([certificatePem(leaf), authority.ca.pem]),
    privateKey: keys.privateKeyPem,
    trustedCa: (options.trusted ?? authority).ca.pem,
    verifyPeer: options.verifyPeer ?? (() => undefined),
  };
}

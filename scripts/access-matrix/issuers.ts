import { accept, type ClientId, type MemberId, type NodeId } from '../../src/base/index.js';
import {
  createMemberCa,
  generateKeyPair,
  issueLeaf,
  type KeyPair,
  memberIdOf,
  openCa,
  type OwnCredentials,
  type PeerName,
  type TrustedCa,
} from '../../src/identity/index.js';
import { NodeHasher, SystemRandom } from '../../src/runtime/index.js';
import type { Role } from './rpcs.js';

/** Somebody with a CA, who signs what they like with it. */
export interface Issuer {
  readonly memberId: MemberId;
  readonly ca: TrustedCa;
  readonly caKeys: KeyPair;
}

const HOUR_MS = 3600 * 1000;
const random = new SystemRandom();
const hasher = new NodeHasher();

/** A member that nobody knows, or a forger of a CA in a known one's name. */
export async function makeIssuer(claimed?: MemberId): Promise<Issuer> {
  const caKeys = generateKeyPair(random, hasher);
  const memberId = claimed ?? memberIdOf(caKeys.publicKey, hasher);
  const ca = accept(openCa(await createMemberCa({ memberId, keys: caKeys, nowMs: Date.now(), random })));
  return { memberId, ca, caKeys };
}

export async function leafOf(
  issuer: Issuer,
  name: PeerName,
  nowMs: number,
  keys: KeyPair = generateKeyPair(random, hasher),
): Promise<OwnCredentials> {
  const { ca, caKeys, memberId } = issuer;
  const leaf = await issueLeaf({ ca, caKeys, name, publicKey: keys.publicKey, nowMs, lifeMs: HOUR_MS, random });
  return { memberId, ca, leaf, privateKeyPem: keys.privateKeyPem };
}

export const nameOf = (memberId: MemberId, role: Role): PeerName =>
  ({
    coordinator: { role: 'coordinator' as const, memberId },
    node: { role: 'node' as const, memberId, nodeId: 'matrixnodematrix' as NodeId },
    client: { role: 'client' as const, memberId, clientId: 'matrixclientmatr' as ClientId },
  })[role];

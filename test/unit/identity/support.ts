import { createHash, createPublicKey, verify } from 'node:crypto';
import { accept, type ClientId, type MemberId, type NodeId, type UploadId } from '../../../src/base/index.js';
import {
  createMemberCa,
  createSigner,
  generateKeyPair,
  issueLeaf,
  type KeyPair,
  memberIdOf,
  openCa,
  type PeerName,
  type TrustedCa,
} from '../../../src/identity/index.js';
import type { Hasher, Random, SignatureVerifier } from '../../../src/ports/index.js';

export const hasher: Hasher = {
  sha256(...parts) {
    const digest = createHash('sha256');
    for (const part of parts) digest.update(part);
    return new Uint8Array(digest.digest());
  },
};

export const verifier: SignatureVerifier = {
  verify(publicKey, message, signature) {
    if (publicKey.length !== 44) return false;
    const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
    return verify(null, message, key, signature);
  },
};

/** The same bytes for the same seed on every run. */
export function seededRandom(seed: string): Random {
  let counter = 0;
  const block = (): Uint8Array => {
    counter += 1;
    return new Uint8Array(createHash('sha512').update(`${seed}/${counter}`).digest());
  };
  return {
    bytes: (count) => take(count, block),
    fraction: () => (block()[0] ?? 0) / 256,
  };
}

function take(count: number, block: () => Uint8Array): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let offset = 0; offset < count; offset += 64) bytes.set(block().subarray(0, Math.min(64, count - offset)), offset);
  return bytes;
}

/** A moment for pure tests; the ones with real handshakes use the real time. */
export const NOW_MS = Date.UTC(2030, 0, 1);
export const DAY_MS = 24 * 3600 * 1000;

export const NODE_ID = 'nodenodenodenode' as NodeId;
export const OTHER_NODE_ID = 'othernodeothernd' as NodeId;
export const CLIENT_ID = 'clientclientclie' as ClientId;
export const UPLOAD_ID = 'uploaduploaduploaduploadua' as UploadId;
export const OTHER_UPLOAD_ID = 'otheruploadotheruploadouaa' as UploadId;

export interface TestMember {
  readonly memberId: MemberId;
  readonly identityKeys: KeyPair;
  readonly caKeys: KeyPair;
  readonly ca: TrustedCa;
  readonly random: Random;
}

export async function createMember(seed: string, nowMs = NOW_MS): Promise<TestMember> {
  const random = seededRandom(seed);
  const identityKeys = generateKeyPair(random, hasher);
  const memberId = memberIdOf(identityKeys.publicKey, hasher);
  const caKeys = generateKeyPair(random, hasher);
  const ca = accept(openCa(await createMemberCa({ memberId, keys: caKeys, nowMs, random })));
  return { memberId, identityKeys, caKeys, ca, random };
}

/** A CA that calls itself what `member`'s does but has another key. */
export async function forgeCa(member: TestMember, nowMs = NOW_MS): Promise<TestMember> {
  const random = seededRandom('forger');
  const caKeys = generateKeyPair(random, hasher);
  const ca = accept(openCa(await createMemberCa({ memberId: member.memberId, keys: caKeys, nowMs, random })));
  return { ...member, caKeys, ca, random };
}

export interface TestLeaf {
  readonly keys: KeyPair;
  readonly leaf: Uint8Array;
}

export async function createLeaf(
  member: TestMember,
  name: PeerName,
  options: { readonly nowMs?: number; readonly lifeMs?: number } = {},
): Promise<TestLeaf> {
  const keys = generateKeyPair(member.random, hasher);
  const life = options.lifeMs === undefined ? {} : { lifeMs: options.lifeMs };
  const leaf = await issueLeaf({
    ca: member.ca,
    caKeys: member.caKeys,
    name,
    publicKey: keys.publicKey,
    nowMs: options.nowMs ?? NOW_MS,
    random: member.random,
    ...life,
  });
  return { keys, leaf };
}

export const coordinatorOf = (member: TestMember): PeerName => ({ role: 'coordinator', memberId: member.memberId });
export const nodeOf = (member: TestMember, nodeId = NODE_ID): PeerName => ({ role: 'node', memberId: member.memberId, nodeId });
export const clientOf = (member: TestMember): PeerName => ({ role: 'client', memberId: member.memberId, clientId: CLIENT_ID });

export const signerFrom = (seed: string): ReturnType<typeof createSigner> =>
  createSigner(generateKeyPair(seededRandom(seed), hasher));

/** The same bytes with one bit of one of them changed. */
export function flipBit(bytes: Uint8Array, index: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[index % bytes.length] = (flipped[index % bytes.length] ?? 0) ^ (1 << (index % 8));
  return flipped;
}

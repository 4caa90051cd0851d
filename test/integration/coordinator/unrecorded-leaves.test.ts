import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accept, type CollectiveError, LIMITS, toHex, type UploadId } from '../../../src/base/index.js';
import {
  chunkListDigest,
  createSigner,
  endorse,
  generateKeyPair,
  issueLeaf,
  type KeyPair,
  openCa,
  openIdentityKey,
  type OwnCredentials,
  type PeerIdentity,
  type PeerName,
  signReceipt,
  type TrustedCa,
  verifyLeaf,
} from '../../../src/identity/index.js';
import { renewLapsedCertificate } from '../../../src/transport/certificates/renew-certificate.js';
import { createClient, NodeSessionServiceDefinition, redeemInvite, type SessionRequest } from '../../../src/transport/index.js';
import { StartedCoordinator } from '../../support/coordinator/started-coordinator.js';
import { errorOf } from '../../support/rpc.js';
import { forgeCa, NODE_ID } from '../../unit/identity/support.js';
import { requestId } from '../access/support/requests.js';
import { commitOf, contentOf } from '../access/support/transfers.js';

const { signal } = new AbortController();
const HOUR_MS = 3600 * 1000;
const GONE_MS = -30_000;
let coordinator: StartedCoordinator;

beforeAll(async () => {
  coordinator = await StartedCoordinator.found();
});

afterAll(() => coordinator.remove());

type Joined = Extract<PeerIdentity, { readonly role: 'node' | 'client' }>;

/** Somebody with a certificate on record. */
async function join(kind: 'node' | 'client', name: string): Promise<Joined> {
  const { admin, ports, transport } = coordinator;
  const { invite } = await admin.issueInvite({ requestId: requestId(), kind, name, lifeMs: 0 }, { signal });
  const { own } = await redeemInvite({ invite, kind, name, signal }, { ...ports, transport });
  const joined = identityOf(own.leaf, own.ca);
  if (joined.role === 'coordinator') throw new Error('a node or client joined');
  return joined;
}

const identityOf = (leaf: Uint8Array, ca: TrustedCa): PeerIdentity =>
  accept(verifyLeaf(leaf, { ca, memberId: coordinator.founded.material.memberId, nowMs: coordinator.ports.clock.nowMs() }));

interface HandedOut extends OwnCredentials {
  readonly keys: KeyPair;
}

/** As the coordinator would have handed it out, and died before it was on record; by default a second after what is on record. */
async function handOut(
  name: PeerName,
  odd: {
    readonly issuedMs?: number;
    readonly lifeMs?: number;
    readonly keys?: KeyPair;
    readonly by?: { readonly ca: TrustedCa; readonly caKeys: KeyPair };
  } = {},
): Promise<HandedOut> {
  const { ports, founded } = coordinator;
  const { random, hasher, clock } = ports;
  const { ca, caKeys } = odd.by ?? founded.material;
  const keys = odd.keys ?? generateKeyPair(random, hasher);
  const { issuedMs: nowMs = clock.nowMs() + 1000, lifeMs = LIMITS.leafLifeMs } = odd;
  const leaf = await issueLeaf({ ca, caKeys, name, publicKey: keys.publicKey, nowMs, lifeMs, random });
  return { memberId: founded.material.memberId, ca: founded.material.ca, leaf, privateKeyPem: keys.privateKeyPem, keys };
}

const renewLapsed = (own: OwnCredentials) => {
  const { ports, transport, enrolmentEndpoint } = coordinator;
  return renewLapsedCertificate({ own, endpoints: [enrolmentEndpoint], key: 'new', signal }, { ...ports, transport });
};

const refusalOf = async (own: OwnCredentials): Promise<CollectiveError['code']> => (await errorOf(renewLapsed(own))).code;

const fingerprintOf = (leaf: Uint8Array): string => toHex(coordinator.ports.hasher.sha256(leaf));

/** Of the certificates of that subject, in the order of the log. */
async function recorded(subjectId: string): Promise<readonly string[]> {
  const fingerprints: string[] = [];
  const all = { fromSequence: 1, limit: 0, last: 0, follow: false, types: ['CertificateIssued'] };
  for await (const { events } of coordinator.admin.listEvents(all, { signal })) {
    for (const { payloadJson } of events) {
      const payload: unknown = JSON.parse(payloadJson);
      if (typeof payload !== 'object' || payload === null || !('subjectId' in payload) || !('fingerprint' in payload)) continue;
      if (payload.subjectId === subjectId) fingerprints.push(String(payload.fingerprint));
    }
  }
  return fingerprints;
}

const revoke = (role: 'node' | 'client', subject: string) =>
  coordinator.admin.revokeCertificates({ requestId: requestId(), role, subject, note: '', force: false }, { signal });

describe('a certificate that was handed out, has ended, and is not on record', () => {
  it.each(['node', 'client'] as const)(
    'is renewed for a %s by proof of its key, and goes on record before the new one',
    async (kind) => {
      const joined = await join(kind, `lapsed-${kind}`);
      const subjectId = joined.role === 'node' ? joined.nodeId : joined.clientId;
      const lapsed = await handOut(joined, { lifeMs: GONE_MS });
      const { credentials } = await renewLapsed(lapsed);
      const expected = [joined.fingerprint, fingerprintOf(lapsed.leaf), fingerprintOf(credentials.leaf)];
      expect(await recorded(subjectId)).toEqual(expected);
    },
  );

  it('is refused to who has not its key', async () => {
    const lapsed = await handOut(await join('node', 'stolen'), { lifeMs: GONE_MS });
    const { random, hasher } = coordinator.ports;
    const { privateKeyPem } = generateKeyPair(random, hasher);
    expect(await refusalOf({ ...lapsed, privateKeyPem })).toBe('CERTIFICATE_INVALID');
  });

  it('is refused where another key of the same name has signed it', async () => {
    const { memberId, ca, caKeys } = coordinator.founded.material;
    const identityKeys = caKeys;
    const forged = await forgeCa({ memberId, ca, caKeys, identityKeys, random: coordinator.ports.random }, Date.now());
    const lapsed = await handOut(await join('node', 'forged'), { lifeMs: GONE_MS, by: forged });
    expect(await refusalOf(lapsed)).toBe('CERTIFICATE_INVALID');
  });

  it('is refused to who never joined, and to who calls itself the coordinator', async () => {
    const { memberId } = coordinator.founded.material;
    const stranger = { role: 'node', memberId, nodeId: NODE_ID } as const;
    expect(await refusalOf(await handOut(stranger, { lifeMs: GONE_MS }))).toBe('CERTIFICATE_INVALID');
    expect(await refusalOf(await handOut({ role: 'coordinator', memberId }, { lifeMs: GONE_MS }))).toBe('CERTIFICATE_INVALID');
  });

  it('is refused where a later one with another key is on record', async () => {
    const joined = await join('node', 'replaced');
    const old = await handOut(joined, { lifeMs: GONE_MS });
    await renewLapsed(await handOut(joined, { issuedMs: coordinator.ports.clock.nowMs() + 20_000, lifeMs: GONE_MS - 10_000 }));
    expect(await refusalOf(old)).toBe('CERTIFICATE_INVALID');
  });

  it('is refused to who was revoked, as is all that the same key could show', async () => {
    const joined = await join('node', 'revoked');
    const lapsed = await handOut(joined, { lifeMs: GONE_MS });
    const { credentials } = await renewLapsed(lapsed);
    await revoke('node', 'revoked');
    for (const own of [lapsed, await handOut(joined, { lifeMs: GONE_MS }), { ...lapsed, ...credentials }]) {
      expect(await refusalOf(own)).toBe('CERTIFICATE_REVOKED');
    }
  });
});

describe('a certificate that was handed out, is good, and is not on record', () => {
  const state = { usedBytes: 0, freeBytes: 1e9, chunks: 0, storeState: 'ready', storeReason: '', damagedCopies: 0 };
  const hello: SessionRequest = {
    message: {
      $case: 'hello',
      value: {
        name: 'cellar',
        endpoints: ['127.0.0.1:9'],
        capacityBytes: 1e9,
        failureDomain: 'cellar',
        softwareVersion: 'test',
        storeFormatVersion: 1,
        bootId: 'boot',
        state,
      },
    },
  };

  it('goes on record when its node shows it, before copies that rest on it', async () => {
    const { ports, founded, files } = coordinator;
    const { hasher, clock } = ports;
    const joined = await join('node', 'cellar');
    if (joined.role !== 'node') throw new Error('a node joined');
    const { nodeId } = joined;
    const own = await handOut(joined, { issuedMs: clock.nowMs() });
    const content = contentOf('kept at a node whose certificate came before a crash');
    const opened = await files.openUpload({ requestId: requestId(), copies: 1, expectedBytes: 0 }, { signal });
    const receipt = {
      nodeId,
      origin: founded.material.memberId,
      clientKeyHash: identityOf(founded.firstClient.leaf, founded.material.ca).publicKeyHash,
      uploadId: opened.uploadId as UploadId,
      holdExpiresAtMs: clock.nowMs() + HOUR_MS,
      listDigest: chunkListDigest([content.chunk], hasher),
    };
    const signedReceipt = signReceipt(receipt, createSigner(own.keys));
    const commit = async (): Promise<string> => {
      const receipts = [{ nodeId, signedReceipt, chunks: [content.chunk] }];
      const committing = files.commitFiles(commitOf('/kept', content, opened.uploadId, receipts), { signal });
      const { outcomes } = await committing;
      return outcomes[0]?.failure?.code ?? 'OK';
    };
    const channel = coordinator.connectAs(own);
    try {
      const ending = new AbortController();
      async function* up(): AsyncGenerator<SessionRequest> {
        yield hello;
        await new Promise<void>((resolve) => {
          ending.signal.addEventListener('abort', () => resolve(), { once: true });
        });
      }
      for await (const { message } of createClient(NodeSessionServiceDefinition, channel).session(up(), { signal })) {
        if (message?.$case !== 'welcome') continue;
        expect(await commit()).toBe('OK');
        ending.abort();
        break;
      }
    } finally {
      channel.close();
    }
    expect(await recorded(nodeId)).toEqual([joined.fingerprint, fingerprintOf(own.leaf)]);
    const types: string[] = [];
    const all = { fromSequence: 1, limit: 0, last: 0, follow: false, types: ['CertificateIssued', 'CopiesRecorded'] };
    for await (const { events } of coordinator.admin.listEvents(all, { signal })) types.push(...events.map(({ type }) => type));
    expect(types.slice(-2)).toEqual(['CertificateIssued', 'CopiesRecorded']);
  });
});

describe('after the CA was replaced', () => {
  it('only what is on record is renewed of the one before, however good its keys are', async () => {
    const { admin, founded, ports } = coordinator;
    const { memberId } = founded.material;
    const joined = await join('node', 'away');
    const keys = generateKeyPair(ports.random, ports.hasher);
    const onRecord = await handOut(joined, { lifeMs: GONE_MS });
    await renewLapsed(onRecord);
    const { rotationId, subject, epoch, sequence } = await admin.prepareRotation({ what: 'ca' }, { signal });
    const identity = accept(await openIdentityKey(founded.identityFile, 'correct horse battery', ports.hasher)).keys;
    const validFrom = { epoch, sequence };
    const { sha256 } = accept(openCa(subject));
    const endorsement = endorse({ memberId, purpose: 'member-ca', subject: sha256, validFrom }, createSigner(identity));
    await admin.commitRotation({ rotationId, endorsement, overlapMs: HOUR_MS }, { signal });
    expect(await refusalOf(await handOut(joined, { lifeMs: GONE_MS, keys }))).toBe('CERTIFICATE_INVALID');
    expect(await refusalOf(await handOut(joined, { lifeMs: GONE_MS, keys: onRecord.keys }))).toBe('CERTIFICATE_INVALID');
    await renewLapsed(onRecord);
  });
});

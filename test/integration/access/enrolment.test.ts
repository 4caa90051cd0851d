import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { accept, LIMITS } from '../../../src/base/index.js';
import {
  certificatePem,
  createCertificateRequest,
  createInvite,
  generateKeyPair,
  type Invite,
  joinPem,
  type OwnCredentials,
  parseInvite,
  proveInvite,
} from '../../../src/identity/index.js';
import {
  createClient,
  EnrolmentServiceDefinition,
  type EnrolmentChannel,
  redeemInvite,
  type RedeemRequest,
} from '../../../src/transport/index.js';
import { errorOf, ownCredentials } from '../../support/rpc.js';
import { coordinatorOf, createMember, flipBit, forgeCa, hasher, nodeOf, type TestMember } from '../../unit/identity/support.js';
import { createEcdsaRequest } from '../../unit/identity/x509-support.js';
import { AccessWorld } from './support/access-world.js';
import { codeOf } from './support/requests.js';

const signal = new AbortController().signal;

let world: AccessWorld;
let enrolment: EnrolmentChannel;
const begun: { readonly world: AccessWorld; readonly enrolment: EnrolmentChannel }[] = [];

async function begin(): Promise<void> {
  world = await AccessWorld.start();
  // A stranger takes any server, and shows nothing of its own.
  enrolment = await world.transport.connectEnrolment({
    endpoints: [`127.0.0.1:${world.enrolmentPort}`],
    verifyServer: () => world.founded.material.ca,
    signal,
  });
  begun.push({ world, enrolment });
}

beforeAll(begin);

afterAll(async () => {
  for (const each of begun) {
    each.enrolment.channel.close();
    await each.world.stop();
  }
});

const read = (text: string, kind: 'node' | 'client' = 'node'): Invite => accept(parseInvite(text, { kind, nowMs: 0, hasher }));

async function newRequest(): Promise<Uint8Array> {
  return createCertificateRequest(generateKeyPair(world.ports.random, hasher));
}

/** What a joiner with the secret would send, and what an attacker makes of it. */
async function requestFor(
  invite: Invite,
  odd: Partial<RedeemRequest> & { readonly serverLeaf?: Uint8Array } = {},
): Promise<RedeemRequest> {
  const nonce = odd.nonce ?? world.ports.random.bytes(32);
  const certificateRequest = odd.certificateRequest ?? (await newRequest());
  const serverLeaf = odd.serverLeaf ?? enrolment.serverLeaf;
  const { inviteId, secret } = invite;
  const bound =
    nonce.length === 32 ? proveInvite(secret, { inviteId, serverLeaf, certificateRequest, nonce }, hasher) : new Uint8Array();
  return { inviteId: odd.inviteId ?? inviteId, certificateRequest, nonce, proof: odd.proof ?? bound, name: odd.name ?? 'joiner' };
}

const redeem = async (request: RedeemRequest): Promise<{ readonly code: string; readonly message: string }> => {
  const attempt = createClient(EnrolmentServiceDefinition, enrolment.channel).redeem(request, { signal });
  if ((await codeOf(attempt)) === 'OK') return { code: 'OK', message: '' };
  const { code, message } = await errorOf(attempt);
  return { code, message };
};

const eventTypes = async (at = world): Promise<readonly string[]> => {
  const types: string[] = [];
  const range = { fromSequence: 0, limit: 0, follow: false, types: [], last: 0 };
  for await (const { events } of at.client.admin.listEvents(range, { signal })) types.push(...events.map(({ type }) => type));
  return types;
};

describe('an invite', () => {
  it('is burnt by five wrong proofs, and then not good for its rightful holder either', async () => {
    const invite = read(await world.invite('node'));
    for (let tries = 0; tries < LIMITS.inviteWrongTries; tries += 1) {
      const wrong = await requestFor(invite, { proof: world.ports.random.bytes(96) });
      expect(await redeem(wrong)).toEqual({ code: 'INVITE_INVALID', message: 'This coordinator does not accept the invite.' });
    }
    const { code, message } = await redeem(await requestFor(invite));
    expect(code).toBe('INVITE_INVALID');
    expect(message).toMatch(/burnt after too many wrong tries/);
    expect(await eventTypes()).toContain('InviteRevoked');
  });

  it('survives fewer, and works once', async () => {
    const invite = read(await world.invite('node'));
    for (let tries = 1; tries < LIMITS.inviteWrongTries; tries += 1) {
      await redeem(await requestFor(invite, { proof: flipBit((await requestFor(invite)).proof, tries * 13) }));
    }
    const request = await requestFor(invite, { name: 'survivor' });
    expect((await redeem(request)).code).toBe('OK');
    const second = await redeem(await requestFor(invite));
    expect(second.code).toBe('INVITE_INVALID');
    expect(second.message).toMatch(/used already/);
    // The same key, whose first answer may have been lost, gets its certificate again; not another name or id.
    expect((await redeem(request)).code).toBe('OK');
  });

  it('gives nothing more to who was revoked after using it', async () => {
    const request = await requestFor(read(await world.invite('node')), { name: 'dismissed' });
    expect((await redeem(request)).code).toBe('OK');
    await world.revoke('node', 'dismissed');
    expect((await redeem(request)).code).toBe('CERTIFICATE_REVOKED');
  });

  it('that was never issued is told from one with a wrong proof by nobody', async () => {
    const never = read(
      accept(createInvite({ ...read(await world.invite('node')), kind: 'node' }, { random: world.ports.random, hasher })).text,
    );
    const known = read(await world.invite('node'));
    const wrong = await redeem(await requestFor(known, { proof: world.ports.random.bytes(96) }));
    expect(await redeem(await requestFor(never))).toEqual(wrong);
  });

  it('is refused after its end: by its joiner before anything is sent, and by the coordinator', async () => {
    const text = await world.invite('node', { lifeMs: 1 });
    const invite = read(text);
    while (Date.now() < invite.expiresAtMs) await world.ports.timers.sleep(invite.expiresAtMs - Date.now() + 1, signal);
    const { code, message } = await redeem(await requestFor(invite));
    expect(code).toBe('INVITE_INVALID');
    expect(message).toMatch(/has expired/);
    const options = { invite: text, kind: 'node', name: 'late', signal } as const;
    const error = await errorOf(redeemInvite(options, { ...world.ports, transport: world.transport }));
    expect(error.code).toBe('INVITE_INVALID');
    expect(error.message).toMatch(/expired at/);
  });

  it('is bound to the server that it was shown to', async () => {
    const other = await createMember('relay', Date.now());
    const { leaf } = await ownCredentials(other, coordinatorOf(other));
    const invite = read(await world.invite('node'));
    expect((await redeem(await requestFor(invite, { serverLeaf: leaf }))).code).toBe('INVITE_INVALID');
  });

  it('gives no name that could not be one, and no name twice; and is not used up by asking for one', async () => {
    expect((await redeem(await requestFor(read(await world.invite('node')), { name: 'first' }))).code).toBe('OK');
    const invite = read(await world.invite('node'));
    for (const name of ['../../etc', 'UPPER', 'x'.repeat(65)]) {
      expect((await redeem(await requestFor(invite, { name }))).code).toBe('NAME_INVALID');
    }
    expect((await redeem(await requestFor(invite, { name: 'first' }))).code).toBe('ALREADY_EXISTS');
    expect((await redeem(await requestFor(invite, { name: 'second' }))).code).toBe('OK');
  });

  it('makes certificates only for keys that are proved, and of the one kind there is', async () => {
    const invite = read(await world.invite('client'), 'client');
    const good = await newRequest();
    for (const certificateRequest of [
      world.ports.random.bytes(300),
      flipBit(good, good.length - 5),
      await createEcdsaRequest(),
      new Uint8Array(LIMITS.certificateRequestBytes + 1),
    ]) {
      expect((await redeem(await requestFor(invite, { certificateRequest }))).code).toBe('REQUEST_INVALID');
    }
  });

  it.each<[string, Partial<RedeemRequest>]>([
    ['an id that is none', { inviteId: '../../../etc/passwd' }],
    ['no id', { inviteId: '' }],
    ['a short nonce', { nonce: new Uint8Array(31) }],
    ['a long nonce', { nonce: new Uint8Array(10_000) }],
  ])('with %s is malformed', async (_what, odd) => {
    expect((await redeem(await requestFor(read(await world.invite('node')), odd))).code).toBe('REQUEST_INVALID');
  });
});

describe('a man in the middle', () => {
  const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** A server that speaks as an HTTP/2 server does, and keeps what it is sent. */
  async function pretend(own: OwnCredentials, chain: readonly Uint8Array[]): Promise<{ endpoint: string; received: Buffer[] }> {
    const received: Buffer[] = [];
    const server = createServer({
      cert: joinPem(chain.map(certificatePem)),
      key: own.privateKeyPem,
      ALPNProtocols: ['h2'],
      minVersion: 'TLSv1.3',
    });
    server.on('secureConnection', (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (bytes: Buffer) => received.push(bytes));
      socket.write(SETTINGS);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`, received };
  }

  async function join(endpoint: string): Promise<{ code: string; message: string }> {
    const { material } = world.founded;
    const fields = {
      kind: 'node',
      memberId: material.memberId,
      caSha256: material.ca.sha256,
      expiresAtMs: Date.now() + 60_000,
    } as const;
    const { text } = accept(createInvite({ ...fields, endpoints: [endpoint] }, { random: world.ports.random, hasher }));
    const options = { invite: text, kind: 'node', name: 'victim', signal } as const;
    const { code, message } = await errorOf(redeemInvite(options, { ...world.ports, transport: world.transport }));
    return { code, message };
  }

  const asMember = (): TestMember => {
    const { memberId, ca, caKeys } = world.founded.material;
    return { memberId, ca, caKeys, identityKeys: caKeys, random: world.ports.random };
  };

  it.each<[string, () => Promise<readonly [OwnCredentials, readonly Uint8Array[]]>]>([
    [
      'with a CA of its own',
      async () => {
        const other = await createMember('middle', Date.now() - 60_000);
        const own = await ownCredentials(other, coordinatorOf(other));
        return [own, [own.leaf, other.ca.der]];
      },
    ],
    [
      'with a CA of the same name',
      async () => {
        const forger = await forgeCa(asMember(), Date.now() - 60_000);
        const own = await ownCredentials(forger, coordinatorOf(forger));
        return [own, [own.leaf, forger.ca.der]];
      },
    ],
    [
      "with a leaf of its own before the member's true CA",
      async () => {
        const forger = await forgeCa(asMember(), Date.now() - 60_000);
        const own = await ownCredentials(forger, coordinatorOf(forger));
        return [own, [own.leaf, world.founded.material.ca.der]];
      },
    ],
    [
      "with a node's certificate of the member",
      async () => {
        const own = await ownCredentials(asMember(), nodeOf(asMember()));
        return [own, [own.leaf, own.ca.der]];
      },
    ],
    [
      "with a coordinator's certificate that has expired",
      async () => {
        const own = await ownCredentials(asMember(), coordinatorOf(asMember()), {
          nowMs: Date.now() - 7_200_000,
          lifeMs: 3_600_000,
        });
        return [own, [own.leaf, own.ca.der]];
      },
    ],
  ])('%s is refused before anything is sent to it', async (_what, make) => {
    const [own, chain] = await make();
    const { endpoint, received } = await pretend(own, chain);
    const { code, message } = await join(endpoint);
    expect(code).toMatch(/^(CERTIFICATE_INVALID|PERMISSION_DENIED)$/);
    expect(message.length).toBeGreaterThan(20);
    expect(Buffer.concat(received)).toHaveLength(0);
  });
});

describe('strangers who knock without end', () => {
  // Nobody has knocked there in vain: what was refused above would be forgotten bit by bit meanwhile.
  beforeAll(begin);

  it('are refused after some tries in a minute, before they are looked at, and the member is served on', async () => {
    const invite = read(await world.invite('node'));
    const wrong = {
      inviteId: 'a'.repeat(26),
      certificateRequest: new Uint8Array(),
      nonce: new Uint8Array(32),
      proof: new Uint8Array(96),
      name: '',
    };
    const tries = Array.from({ length: LIMITS.failedEnrolmentsPerAddress + 1 }, () => redeem(wrong));
    const codes = (await Promise.all(tries)).map(({ code }) => code);
    expect(codes.filter((code) => code === 'INVITE_INVALID')).toHaveLength(LIMITS.failedEnrolmentsPerAddress);
    expect(codes).toContain('LIMIT_EXCEEDED');
    // From their address nobody gets in meanwhile; the invite is as good as it was.
    expect((await redeem(await requestFor(invite))).code).toBe('LIMIT_EXCEEDED');
    expect((await world.client.admin.getStatus({}, { signal })).memberName).toBe('alice');
  });

  it('leave no fault in the log, and no node that was not invited', async () => {
    for (const { world: at } of begun) {
      expect(at.refusals.faults).toEqual([]);
      const types = await eventTypes(at);
      const count = (wanted: string): number => types.filter((type) => type === wanted).length;
      expect(count('NodeRegistered')).toBe(count('InviteRedeemed'));
    }
  });
});

import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OwnCredentials } from '../../../src/identity/index.js';
import { SystemClock, SystemRandom, SystemTimers } from '../../../src/runtime/index.js';
import { createGrpcTransport, createLoopbackTransport, redeemInvite, type RpcTransport } from '../../../src/transport/index.js';
import { createInvites, type TestInvites } from '../../support/fake-coordinator.js';
import { enrolmentWith, errorOf, MemoryLogger, ownCredentials } from '../../support/rpc.js';
import { coordinatorOf, createMember, flipBit, forgeCa, hasher, type TestMember, verifier } from '../../unit/identity/support.js';

const base = { clock: new SystemClock(), random: new SystemRandom(), timers: new SystemTimers() };
const signal = new AbortController().signal;

let member: TestMember;
let coordinator: OwnCredentials;
beforeAll(async () => {
  member = await createMember('enrolment', Date.now() - 60_000);
  coordinator = await ownCredentials(member, coordinatorOf(member));
});

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close();
});

type Spoil = NonNullable<Parameters<typeof createInvites>[2]['spoil']>;

async function listen(
  transport: RpcTransport,
  options: { readonly own?: OwnCredentials; readonly spoil?: Spoil } = {},
): Promise<{
  readonly endpoint: string;
  readonly invites: TestInvites;
  readonly join: (invite: string) => ReturnType<typeof redeemInvite>;
}> {
  const own = options.own ?? coordinator;
  const invites = createInvites(member, own, { homeEndpoints: () => ['home.example:7400'], ...options });
  const listener = await transport.listen({
    kind: 'enrolment',
    host: '127.0.0.1',
    port: 0,
    own,
    services: [enrolmentWith((request) => invites.redeem(request))],
    logger: new MemoryLogger(),
  });
  opened.push({ close: () => listener.close(0) });
  const world = { ...base, transport, hasher, verifier };
  return {
    endpoint: `127.0.0.1:${listener.port}`,
    invites,
    join: (invite) => redeemInvite({ invite, kind: 'node', name: 'attic', signal }, world),
  };
}

describe.each([
  ['by gRPC', () => createGrpcTransport(base)],
  ['in memory', () => createLoopbackTransport(base)],
])('joining %s', (_title, createTransport) => {
  it('an invite gives a certificate for a key that was made here, and where home is', async () => {
    const { endpoint, invites, join } = await listen(createTransport());
    const joined = await join(invites.issue('node', [endpoint]));
    expect(joined).toMatchObject({
      name: 'attic',
      memberName: 'alice',
      subjectId: 'joinednodejoined',
      homeEndpoints: ['home.example:7400'],
      identity: { role: 'node', memberId: member.memberId, nodeId: 'joinednodejoined' },
      own: { memberId: member.memberId },
    });
    expect(joined.own.ca.der).toEqual(member.ca.der);
    expect(joined.own.privateKeyPem).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  });

  it('an invite is good once', async () => {
    const { endpoint, invites, join } = await listen(createTransport());
    const invite = invites.issue('node', [endpoint]);
    await join(invite);
    expect(await errorOf(join(invite))).toMatchObject({
      code: 'INVITE_INVALID',
      message: 'This invite was used, or never issued.',
    });
  });

  it('an invite of another kind is refused before anybody is asked', async () => {
    const { endpoint, invites, join } = await listen(createTransport());
    const error = await errorOf(join(invites.issue('client', [endpoint])));
    expect(error.code).toBe('INVITE_INVALID');
    expect(invites.redemptions).toBe(0);
  });

  it('endpoints of an invite are tried in order', async () => {
    const { endpoint, invites, join } = await listen(createTransport());
    expect((await join(invites.issue('node', ['127.0.0.1:1', endpoint]))).name).toBe('attic');
  });

  it('a server with a forged CA of the same name gets nothing from the joiner', async () => {
    const forger = await forgeCa(member, Date.now() - 60_000);
    const { endpoint, invites, join } = await listen(createTransport(), {
      own: await ownCredentials(forger, coordinatorOf(member)),
    });
    const error = await errorOf(join(invites.issue('node', [endpoint])));
    expect(error.code).toBe('CERTIFICATE_INVALID');
    expect(error.message).toMatch(/Nothing was sent/);
    expect(invites.redemptions).toBe(0);
  });

  it.each<[string, Spoil]>([
    ['with a proof that is not its own', (answer) => ({ ...answer, proof: flipBit(answer.proof, 3) })],
    ['with another certificate than it proved', (answer) => ({ ...answer, certificate: coordinator.leaf })],
    ['with another CA', (answer) => ({ ...answer, caCertificate: coordinator.leaf })],
  ])('an answer %s is refused', async (_what, spoil) => {
    const { endpoint, invites, join } = await listen(createTransport(), { spoil });
    expect((await errorOf(join(invites.issue('node', [endpoint])))).code).toBe('CERTIFICATE_INVALID');
  });

  it.each<[string, Spoil]>([
    ['names another node than its certificate', (answer) => ({ ...answer, subjectId: 'anothernodeanoth' })],
    ['says nowhere to go', (answer) => ({ ...answer, homeEndpoints: [] })],
    ['says to go somewhere that is no address', (answer) => ({ ...answer, homeEndpoints: ['https://home/'] })],
  ])('an answer that %s is refused', async (_what, spoil) => {
    const { endpoint, invites, join } = await listen(createTransport(), { spoil });
    expect((await errorOf(join(invites.issue('node', [endpoint])))).code).toBe('PROTOCOL_ERROR');
  });

  it('where nobody listens, the coordinator is unreachable', async () => {
    const { invites, join } = await listen(createTransport());
    expect((await errorOf(join(invites.issue('node', ['127.0.0.1:1'])))).code).toBe('COORDINATOR_UNREACHABLE');
  });
});

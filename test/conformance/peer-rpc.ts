import { afterEach, beforeAll, expect, it } from 'vitest';
import { CollectiveError, type MemberId } from '../../src/base/index.js';
import type { OwnCredentials, PeerMember, PeerPool } from '../../src/identity/index.js';
import {
  createClient,
  PeerServiceDefinition,
  type PullRequest,
  type PullResponse,
  type RpcListener,
  type RpcTransport,
  serve,
} from '../../src/transport/index.js';
import { errorOf, MemoryLogger, ownCredentials } from '../support/rpc.js';
import { deferred } from '../support/streams.js';
import { clientOf, coordinatorOf, createMember, nodeOf, type TestMember } from '../unit/identity/support.js';

const forever = new AbortController().signal;
const REFUSED = ['COORDINATOR_UNREACHABLE', 'CERTIFICATE_INVALID', 'PERMISSION_DENIED'];

/** A pool that a test changes. */
class TestPool implements PeerPool {
  readonly #members = new Map<MemberId, PeerMember>();
  readonly #listeners = new Set<() => void>();

  of(memberId: MemberId): PeerMember | undefined {
    return this.#members.get(memberId);
  }

  all(): readonly PeerMember[] {
    return [...this.#members.values()];
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  admit({ memberId, ca }: TestMember, endpoints: readonly string[] = []): void {
    this.#members.set(memberId, { memberId, ca, endpoints });
    for (const listener of this.#listeners) listener();
  }

  remove({ memberId }: TestMember): void {
    this.#members.delete(memberId);
    for (const listener of this.#listeners) listener();
  }
}

/** The rules of calls between members, the same for every transport. */
export function peerRpcRules(createTransport: () => RpcTransport): void {
  let alice: TestMember;
  let bob: TestMember;
  let mallory: TestMember;
  let coordinators: { readonly alice: OwnCredentials; readonly bob: OwnCredentials };
  beforeAll(async () => {
    const nowMs = Date.now() - 60_000;
    [alice, bob, mallory] = [
      await createMember('peer-a', nowMs),
      await createMember('peer-b', nowMs),
      await createMember('peer-m', nowMs),
    ];
    coordinators = {
      alice: await ownCredentials(alice, coordinatorOf(alice)),
      bob: await ownCredentials(bob, coordinatorOf(bob)),
    };
  });

  const opened: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const thing of opened.splice(0).reverse()) await thing.close();
  });

  type Pull = (request: PullRequest, caller: { readonly role: string; readonly memberId: string }) => AsyncIterable<PullResponse>;
  async function* ownId(_request: PullRequest, caller: { readonly role: string; readonly memberId: string }) {
    yield { blocks: [new TextEncoder().encode(`${caller.role}/${caller.memberId}`)] };
  }

  /** Alice's peer port; she admits bob and mallory. */
  const listen = async (options: { readonly own?: OwnCredentials; readonly pull?: Pull } = {}) => {
    const transport = createTransport();
    const admitted = new TestPool();
    admitted.admit(bob);
    admitted.admit(mallory);
    const pull = options.pull ?? ownId;
    const listener: RpcListener = await transport.listen({
      kind: 'peer',
      host: '127.0.0.1',
      port: 0,
      own: options.own ?? coordinators.alice,
      peers: admitted,
      logger: new MemoryLogger(),
      services: [
        serve(PeerServiceDefinition, {
          session: () => {
            throw new CollectiveError('UNSUPPORTED', 'This test has no sessions.');
          },
          pull: (request, call) => pull(request, call.caller),
          answer: () => {
            throw new CollectiveError('UNSUPPORTED', 'This test has no calls the other way round.');
          },
        }),
      ],
    });
    opened.push({ close: () => listener.close(0) });
    const peers = new TestPool();
    peers.admit(alice, ['127.0.0.1:1', `127.0.0.1:${listener.port}`]);
    const dial = (own: OwnCredentials) => {
      const channel = transport.connectPeer({ own, memberId: alice.memberId, peers });
      opened.push(channel);
      return createClient(PeerServiceDefinition, channel);
    };
    return { admitted, peers, listener, dial };
  };

  const request: PullRequest = { origin: 'o', fromSequence: 1, toSequence: 0, previousHeaderHash: new Uint8Array() };
  const answerTo = async (client: ReturnType<Awaited<ReturnType<typeof listen>>['dial']>): Promise<string> => {
    for await (const { blocks } of client.pull(request, { signal: forever })) return new TextDecoder().decode(blocks[0]);
    throw new Error('no answer');
  };

  it("another member's coordinator that is admitted gets through, as who its certificate says", async () => {
    const { dial } = await listen();
    expect(await answerTo(dial(coordinators.bob))).toBe(`coordinator/${bob.memberId}`);
  });

  it('a coordinator of a member that is not admitted is refused', async () => {
    const { admitted, dial } = await listen();
    admitted.remove(bob);
    expect(REFUSED).toContain((await errorOf(answerTo(dial(coordinators.bob)))).code);
  });

  it("a name of bob's that mallory's CA has signed is refused, although both members are admitted", async () => {
    const { dial } = await listen();
    const forged = { ...(await ownCredentials(mallory, coordinatorOf(bob))), memberId: bob.memberId };
    expect(REFUSED).toContain((await errorOf(answerTo(dial(forged)))).code);
  });

  it('clients and nodes of an admitted member, and the own coordinator, are refused', async () => {
    const { dial } = await listen();
    for (const own of [await ownCredentials(bob, clientOf(bob)), await ownCredentials(bob, nodeOf(bob)), coordinators.alice]) {
      expect(REFUSED).toContain((await errorOf(answerTo(dial(own)))).code);
    }
  });

  it('a member that is removed gets nothing more over the connection that it has, and what it has open can be cut', async () => {
    const began = deferred<void>();
    const { admitted, listener, dial } = await listen({
      pull: async function* () {
        yield { blocks: [] };
        began.resolve();
        await new Promise(() => undefined);
      },
    });
    const client = dial(coordinators.bob);
    const open = client.pull(request, { signal: forever })[Symbol.asyncIterator]();
    await open.next();
    const ended = errorOf(open.next());
    await began.promise;
    admitted.remove(bob);
    const cut = listener.closeCalls(
      ({ caller }) => caller?.memberId === bob.memberId,
      new CollectiveError('PERMISSION_DENIED', 'This member is removed here.'),
    );
    expect(cut).toBe(1);
    expect((await ended).code).toBe('PERMISSION_DENIED');
    expect(REFUSED).toContain((await errorOf(answerTo(client))).code);
  });

  it('a member that is admitted while the port is open gets through at once', async () => {
    const { admitted, dial } = await listen();
    admitted.remove(bob);
    const client = dial(coordinators.bob);
    await errorOf(answerTo(client));
    admitted.admit(bob);
    expect(await answerTo(client)).toBe(`coordinator/${bob.memberId}`);
  });

  it("who dials is told nothing by a server with alice's name from another CA, nor by another role of hers", async () => {
    for (const own of [
      { ...(await ownCredentials(mallory, coordinatorOf(alice))), memberId: alice.memberId },
      await ownCredentials(alice, nodeOf(alice)),
    ]) {
      const { dial } = await listen({ own });
      expect(['CERTIFICATE_INVALID', 'PERMISSION_DENIED']).toContain((await errorOf(answerTo(dial(coordinators.bob)))).code);
    }
  });

  it('who is not in the own pool is not dialled, and is again once it is back, by where it is then', async () => {
    const { peers, listener, dial } = await listen();
    peers.remove(alice);
    const client = dial(coordinators.bob);
    expect((await errorOf(answerTo(client))).code).toBe('PERMISSION_DENIED');
    peers.admit(alice, [`127.0.0.1:${listener.port}`]);
    expect(await answerTo(client)).toBe(`coordinator/${bob.memberId}`);
  });
}

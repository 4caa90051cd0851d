import { afterEach, beforeAll, expect, it } from 'vitest';
import { CollectiveError, LIMITS } from '../../src/base/index.js';
import type { OwnCredentials } from '../../src/identity/index.js';
import {
  AdminServiceDefinition,
  createClient,
  EnrolmentServiceDefinition,
  NodeSessionServiceDefinition,
  type BoundService,
  type ListEventsRequest,
  type RpcChannel,
  type RpcListener,
  type RpcListenOptions,
  type RpcTransport,
  type SessionRequest,
  type SessionResponse,
} from '../../src/transport/index.js';
import { adminWith, enrolmentWith, errorOf, eventWith, MemoryLogger, ownCredentials, sessionWith } from '../support/rpc.js';
import { deferred } from '../support/streams.js';
import { clientOf, coordinatorOf, createMember, nodeOf, type TestMember } from '../unit/identity/support.js';

const forever = new AbortController().signal;
const allEvents: ListEventsRequest = { fromSequence: 0, limit: 0, follow: false, types: [], last: 0 };
const heartbeat = (chunks: number): SessionRequest => ({
  message: {
    $case: 'heartbeat',
    value: { usedBytes: 0, freeBytes: 0, chunks, storeState: 'ready', storeReason: '', damagedCopies: 0 },
  },
});
const order = (orderId: number): SessionResponse => ({ message: { $case: 'order', value: { orderId, order: undefined } } });

async function* noRequests(): AsyncGenerator<SessionRequest> {
  yield* [];
}

/** The rules of remote calls, the same for every transport. */
export function rpcRules(createTransport: () => RpcTransport): void {
  let member: TestMember;
  let coordinator: OwnCredentials;
  let client: OwnCredentials;
  let node: OwnCredentials;
  beforeAll(async () => {
    member = await createMember('rpc', Date.now() - 60_000);
    coordinator = await ownCredentials(member, coordinatorOf(member));
    client = await ownCredentials(member, clientOf(member));
    node = await ownCredentials(member, nodeOf(member));
  });

  const opened: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const thing of opened.splice(0).reverse()) await thing.close();
  });
  const setUp = async (
    services: readonly BoundService[],
    options: Partial<RpcListenOptions> = {},
  ): Promise<{
    listener: RpcListener;
    transport: RpcTransport;
    logger: MemoryLogger;
    readonly channel: (own?: OwnCredentials) => RpcChannel;
  }> => {
    const transport = createTransport();
    const logger = new MemoryLogger();
    const listener = await transport.listen({
      kind: 'home',
      host: '127.0.0.1',
      port: 0,
      own: coordinator,
      services,
      logger,
      ...options,
    });
    opened.push({ close: () => listener.close(0) });
    const channel = (own = client): RpcChannel => {
      const made = transport.connect({ endpoints: [`127.0.0.1:${listener.port}`], own });
      opened.push(made);
      return made;
    };
    return { listener, transport, logger, channel };
  };

  it('a request reaches its handler with the caller of the certificate, and the answer comes back', async () => {
    const { channel } = await setUp([
      adminWith({
        getEvent: async ({ sequence }, call) => ({
          event: eventWith({ sequence, actor: `${call.caller.role}/${call.caller.memberId}`, requestId: call.requestId }),
        }),
      }),
    ]);
    const admin = createClient(AdminServiceDefinition, channel());
    const { event } = await admin.getEvent({ sequence: 7 }, { signal: forever, requestId: 'from-the-client' });
    expect(event).toEqual(eventWith({ sequence: 7, actor: `client/${member.memberId}`, requestId: 'from-the-client' }));
  });

  it('a call without a usable request id gets one', async () => {
    const seen: string[] = [];
    const { channel } = await setUp([
      adminWith({
        getEvent: async (_request, call) => {
          seen.push(call.requestId);
          return { event: undefined };
        },
      }),
    ]);
    const admin = createClient(AdminServiceDefinition, channel());
    await admin.getEvent({ sequence: 1 }, { signal: forever });
    await admin.getEvent({ sequence: 1 }, { signal: forever, requestId: 'not an id' });
    expect(seen).toHaveLength(2);
    for (const id of seen) expect(id).toMatch(/^[a-z2-7]{16}$/);
  });

  it('a CollectiveError arrives with its code, sentence, next step and details', async () => {
    const { channel } = await setUp([
      adminWith({
        getNode: async () => {
          throw new CollectiveError('NOT_FOUND', 'There is no node “größer”.', {
            next: 'Run: collective node list',
            details: { node: 'größer', known: ['a', 'b'], count: 2, final: true },
            cause: new Error('the secret cause'),
          });
        },
      }),
    ]);
    const admin = createClient(AdminServiceDefinition, channel());
    const error = await errorOf(admin.getNode({ node: 'x' }, { signal: forever }));
    expect(error).toMatchObject({
      code: 'NOT_FOUND',
      message: 'There is no node “größer”.',
      next: 'Run: collective node list',
      details: { node: 'größer', known: ['a', 'b'], count: 2, final: true },
    });
    expect(error.cause).toBeUndefined();
  });

  it('an unforeseen error arrives as INTERNAL without its words, and the log has it', async () => {
    const { channel, logger } = await setUp([
      adminWith({
        getNode: async () => {
          throw new TypeError('the secret of the house');
        },
      }),
    ]);
    const admin = createClient(AdminServiceDefinition, channel());
    const error = await errorOf(admin.getNode({ node: 'x' }, { signal: forever, requestId: 'broken-1' }));
    expect(error.code).toBe('INTERNAL');
    expect(JSON.stringify([error.message, error.next, error.details])).not.toContain('secret');
    expect(error.next).toContain('broken-1');
    const line = logger.lines.find(({ level }) => level === 'error');
    expect(line?.fields).toMatchObject({ requestId: 'broken-1', error: new TypeError('the secret of the house') });
  });

  it('broken Unicode and endless text in an error do no harm', async () => {
    const { channel } = await setUp([
      adminWith({
        getNode: async () => {
          throw new CollectiveError('NOT_FOUND', `half \ud800 ${'x'.repeat(100_000)}`, {
            next: 'y'.repeat(100_000),
            details: { long: 'z'.repeat(100_000) },
          });
        },
      }),
    ]);
    const error = await errorOf(createClient(AdminServiceDefinition, channel()).getNode({ node: 'x' }, { signal: forever }));
    expect(error.code).toBe('NOT_FOUND');
    expect(error.message.length).toBeLessThan(2000);
  });

  it('a stream arrives whole and in order', async () => {
    const { channel } = await setUp([
      adminWith({
        async *listEvents() {
          for (let sequence = 1; sequence <= 500; sequence += 1) yield { events: [eventWith({ sequence })], lookedBackTo: 0 };
        },
      }),
    ]);
    const sequences: number[] = [];
    const admin = createClient(AdminServiceDefinition, channel());
    for await (const { events } of admin.listEvents(allEvents, { signal: forever })) {
      for (const event of events) sequences.push(event.sequence);
    }
    expect(sequences).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
  });

  it('an error in the middle of a stream arrives after what came before it was read', async () => {
    const { channel } = await setUp([
      adminWith({
        async *listEvents(_request, call) {
          yield { events: [eventWith({ sequence: 1 })], lookedBackTo: 0 };
          await firstRead.promise;
          call.signal.throwIfAborted();
          throw new CollectiveError('LOG_DAMAGED', 'Block 2 is damaged.');
        },
      }),
    ]);
    const firstRead = deferred<void>();
    const admin = createClient(AdminServiceDefinition, channel());
    const read = async (): Promise<void> => {
      for await (const { events } of admin.listEvents(allEvents, { signal: forever })) {
        expect(events[0]?.sequence).toBe(1);
        firstRead.resolve();
      }
    };
    expect(await errorOf(read())).toMatchObject({ code: 'LOG_DAMAGED' });
  });

  it('a slow reader slows its server down, and leaving the loop ends the handler', async () => {
    let made = 0;
    const ended = deferred<boolean>();
    const { channel } = await setUp([
      adminWith({
        async *listEvents(_request, call) {
          try {
            for (;;) {
              made += 1;
              yield { events: [eventWith({ sequence: made, payloadJson: 'x'.repeat(60_000) })], lookedBackTo: 0 };
            }
          } finally {
            ended.resolve(call.signal.aborted);
          }
        },
        getEvent: async () => ({ event: undefined }),
      }),
    ]);
    const admin = createClient(AdminServiceDefinition, channel());
    for await (const { events } of admin.listEvents(allEvents, { signal: forever })) {
      expect(events).toHaveLength(1);
      for (let round = 0; round < 50; round += 1) await admin.getEvent({ sequence: 1 }, { signal: forever });
      break;
    }
    expect(await ended.promise).toBe(true);
    expect(made).toBeLessThan(20);
  });

  it('a caller that gives up gets CANCELLED, and its handler is told', async () => {
    const started = deferred<void>();
    const told = deferred<unknown>();
    const { channel } = await setUp([
      adminWith({
        getNode: async (_request, call) => {
          call.signal.addEventListener('abort', () => told.resolve(call.signal.reason));
          started.resolve();
          await told.promise;
          return { node: undefined };
        },
      }),
    ]);
    const giveUp = new AbortController();
    const answer = errorOf(createClient(AdminServiceDefinition, channel()).getNode({ node: 'x' }, { signal: giveUp.signal }));
    await started.promise;
    giveUp.abort();
    expect((await answer).code).toBe('CANCELLED');
    expect(await told.promise).toMatchObject({ code: 'CANCELLED' });
  });

  it('a call with an aborted signal is not made', async () => {
    let calls = 0;
    const { channel } = await setUp([
      adminWith({
        getNode: async () => {
          calls += 1;
          return { node: undefined };
        },
      }),
    ]);
    const admin = createClient(AdminServiceDefinition, channel());
    expect((await errorOf(admin.getNode({ node: 'x' }, { signal: AbortSignal.abort() }))).code).toBe('CANCELLED');
    await admin.getNode({ node: 'x' }, { signal: forever });
    expect(calls).toBe(1);
  });

  it('a deadline ends the call at both ends', async () => {
    const told = deferred<unknown>();
    const { channel } = await setUp([
      adminWith({
        getEvent: async () => ({ event: undefined }),
        getNode: async (_request, call) => {
          call.signal.addEventListener('abort', () => told.resolve(call.signal.reason));
          if (call.signal.aborted) told.resolve(call.signal.reason);
          await told.promise;
          return { node: undefined };
        },
      }),
    ]);
    const admin = createClient(AdminServiceDefinition, channel());
    // The deadline counts from the call on: a connection that is only being made could take all of it, and no handler would be told.
    await admin.getEvent({ sequence: 1 }, { signal: forever });
    expect((await errorOf(admin.getNode({ node: 'x' }, { signal: forever, timeoutMs: 500 }))).code).toBe('DEADLINE_EXCEEDED');
    expect(['DEADLINE_EXCEEDED', 'CANCELLED']).toContain(String(((await told.promise) as CollectiveError).code));
  });

  it('both directions of a session flow on their own, and its end is seen at both ends', async () => {
    const serverSaw: number[] = [];
    const { channel } = await setUp([
      sessionWith(async function* (requests) {
        yield order(0);
        for await (const { message } of requests) {
          if (message?.$case !== 'heartbeat') continue;
          serverSaw.push(message.value.chunks);
          yield order(message.value.chunks * 10);
        }
        yield order(999);
      }),
    ]);
    const turns = [deferred<void>(), deferred<void>(), deferred<void>()];
    async function* requests(): AsyncGenerator<SessionRequest> {
      for (const [index, turn] of turns.entries()) {
        await turn.promise;
        yield heartbeat(index + 1);
      }
    }
    const got: number[] = [];
    const session = createClient(NodeSessionServiceDefinition, channel(node)).session(requests(), { signal: forever });
    for await (const { message } of session) {
      if (message?.$case === 'order') got.push(message.value.orderId);
      turns[got.length - 1]?.resolve();
    }
    expect(got).toEqual([0, 10, 20, 30, 999]);
    expect(serverSaw).toEqual([1, 2, 3]);
  });

  it('a server that ends a session early ends it for the client, whose requests are stopped', async () => {
    const stopped = deferred<void>();
    const { channel } = await setUp([
      sessionWith(async function* () {
        yield order(1);
      }),
    ]);
    async function* requests(): AsyncGenerator<SessionRequest> {
      try {
        for (;;) yield heartbeat(1);
      } finally {
        stopped.resolve();
      }
    }
    const got: unknown[] = [];
    for await (const response of createClient(NodeSessionServiceDefinition, channel(node)).session(requests(), {
      signal: forever,
    })) {
      got.push(response);
    }
    await stopped.promise;
    expect(got).toEqual([order(1)]);
  });

  it('requests whose source fails fail the session with that error, and cancel it at the server', async () => {
    const told = deferred<unknown>();
    const { channel } = await setUp([
      sessionWith(async function* (requests, call) {
        call.signal.addEventListener('abort', () => told.resolve(call.signal.reason));
        for await (const request of requests) {
          expect(request.message?.$case).toBe('heartbeat');
          yield order(1);
        }
      }),
    ]);
    const answered = deferred<void>();
    async function* requests(): AsyncGenerator<SessionRequest> {
      yield heartbeat(1);
      await answered.promise;
      throw new CollectiveError('IO_FAILED', 'The store cannot be read.');
    }
    const run = async (): Promise<void> => {
      const session = createClient(NodeSessionServiceDefinition, channel(node)).session(requests(), { signal: forever });
      for await (const response of session) {
        expect(response).toEqual(order(1));
        answered.resolve();
      }
    };
    expect((await errorOf(run())).code).toBe('IO_FAILED');
    expect(await told.promise).toMatchObject({ code: 'CANCELLED' });
  });

  it('a caller who gives up in the middle is never taken for one who has said everything', async () => {
    const ends: string[] = [];
    let wake = deferred<void>();
    const { channel } = await setUp([
      sessionWith(async function* (requests) {
        try {
          for await (const request of requests) {
            expect(request.message?.$case).toBe('heartbeat');
            yield order(1);
          }
          ends.push('said everything');
        } catch (error) {
          ends.push('gave up');
          throw error;
        } finally {
          wake.resolve();
        }
      }),
    ]);
    const sessions = createClient(NodeSessionServiceDefinition, channel(node));
    for (let round = 0; round < 10; round += 1) {
      wake = deferred<void>();
      const giveUp = new AbortController();
      async function* requests(): AsyncGenerator<SessionRequest> {
        yield heartbeat(1);
        await wake.promise;
      }
      const session = sessions.session(requests(), { signal: giveUp.signal })[Symbol.asyncIterator]();
      await session.next();
      const ended = errorOf(session.next());
      giveUp.abort();
      expect((await ended).code).toBe('CANCELLED');
      await wake.promise;
    }
    expect(ends).toEqual(Array.from({ length: 10 }, () => 'gave up'));
  });

  it('a service is open only to its roles', async () => {
    const { channel } = await setUp([
      adminWith({ getEvent: async () => ({ event: undefined }) }),
      sessionWith(async function* () {
        yield order(1);
      }),
    ]);
    const asNode = createClient(AdminServiceDefinition, channel(node));
    const error = await errorOf(asNode.getEvent({ sequence: 1 }, { signal: forever }));
    expect(error.code).toBe('PERMISSION_DENIED');
    expect(error.message).toContain('node');
    const asClient = createClient(NodeSessionServiceDefinition, channel(client));
    const session = async (): Promise<void> => {
      for await (const response of asClient.session(noRequests(), { signal: forever })) expect(response).toBeUndefined();
    };
    expect((await errorOf(session())).code).toBe('PERMISSION_DENIED');
  });

  it('whoever is not admitted is refused at every call, with the reason', async () => {
    let revoked = false;
    const { channel } = await setUp([adminWith({ getEvent: async () => ({ event: undefined }) })], {
      admit: (caller) => {
        if (revoked)
          throw new CollectiveError('CERTIFICATE_INVALID', `Certificate ${caller.fingerprint.slice(0, 8)} was revoked.`);
      },
    });
    const admin = createClient(AdminServiceDefinition, channel());
    await admin.getEvent({ sequence: 1 }, { signal: forever });
    revoked = true;
    expect((await errorOf(admin.getEvent({ sequence: 1 }, { signal: forever }))).message).toMatch(/was revoked/);
  });

  it('open calls can be cut by caller, with an error for them and an abort for their handlers', async () => {
    const handlers = [deferred<unknown>(), deferred<unknown>()];
    let begun = 0;
    const { channel, listener } = await setUp([
      adminWith({
        async *listEvents(_request, call) {
          const told = handlers[begun];
          begun += 1;
          yield { events: [], lookedBackTo: 0 };
          await new Promise<void>((resolve) => {
            call.signal.addEventListener('abort', () => resolve());
          });
          told?.resolve(call.signal.reason);
        },
        getEvent: async () => ({ event: undefined }),
      }),
    ]);
    const admin = createClient(AdminServiceDefinition, channel());
    const first = admin.listEvents(allEvents, { signal: forever })[Symbol.asyncIterator]();
    await first.next();
    expect(listener.openCalls).toBe(1);
    const cut = new CollectiveError('CERTIFICATE_INVALID', 'This certificate was revoked.');
    expect(listener.closeCalls(({ caller }) => caller?.role === 'node', cut)).toBe(0);
    expect(listener.closeCalls(({ caller, path }) => caller?.role === 'client' && path.endsWith('/ListEvents'), cut)).toBe(1);
    expect(await errorOf(first.next())).toMatchObject({ code: 'CERTIFICATE_INVALID', message: cut.message });
    expect(await handlers[0]?.promise).toBe(cut);
    await admin.getEvent({ sequence: 1 }, { signal: forever });
  });

  it('a message that is too large is refused with its size, in both directions', async () => {
    const { channel } = await setUp([
      adminWith({
        getNode: async () => ({ node: undefined }),
        getEvent: async () => ({ event: eventWith({ payloadJson: 'x'.repeat(LIMITS.rpcMessageBytes) }) }),
      }),
    ]);
    const admin = createClient(AdminServiceDefinition, channel());
    const sent = await errorOf(admin.getNode({ node: 'x'.repeat(LIMITS.rpcMessageBytes) }, { signal: forever }));
    expect(sent.code).toBe('LIMIT_EXCEEDED');
    const received = await errorOf(admin.getEvent({ sequence: 1 }, { signal: forever }));
    expect(received.code).toBe('LIMIT_EXCEEDED');
    expect(received.message).toContain(String(LIMITS.rpcMessageBytes));
  });

  it('a service that is not served there is UNSUPPORTED', async () => {
    const { channel } = await setUp([adminWith({})]);
    const session = createClient(NodeSessionServiceDefinition, channel(node));
    const run = async (): Promise<void> => {
      for await (const response of session.session(noRequests(), { signal: forever })) expect(response).toBeUndefined();
    };
    expect((await errorOf(run())).code).toBe('UNSUPPORTED');
  });

  it('where nobody listens, the coordinator is unreachable, and the error says where', async () => {
    const transport = createTransport();
    const channel = transport.connect({ endpoints: ['127.0.0.1:1'], own: client });
    opened.push(channel);
    const error = await errorOf(createClient(AdminServiceDefinition, channel).getStatus({}, { signal: forever }));
    expect(error.code).toBe('COORDINATOR_UNREACHABLE');
    expect(error.message).toContain('127.0.0.1:1');
    expect(error.next).toBeDefined();
  });

  it('endpoints are tried in order until one answers', async () => {
    const { transport, listener } = await setUp([adminWith({ getEvent: async () => ({ event: undefined }) })]);
    const channel = transport.connect({ endpoints: ['127.0.0.1:1', `127.0.0.1:${listener.port}`], own: client });
    opened.push(channel);
    const answer = await createClient(AdminServiceDefinition, channel).getEvent({ sequence: 1 }, { signal: forever });
    expect(answer).toEqual({ event: undefined });
  });

  it('a stopping coordinator ends open calls with UNAVAILABLE, and one channel serves before and after', async () => {
    const services = [
      adminWith({
        async *listEvents(_request, call) {
          yield { events: [], lookedBackTo: 0 };
          await new Promise<void>((resolve) => {
            call.signal.addEventListener('abort', () => resolve());
          });
        },
        getEvent: async () => ({ event: undefined }),
      }),
    ];
    const { transport, listener, channel, logger } = await setUp(services);
    const admin = createClient(AdminServiceDefinition, channel());
    const following = admin.listEvents(allEvents, { signal: forever })[Symbol.asyncIterator]();
    await following.next();
    const ended = errorOf(following.next());
    await listener.close(1000);
    expect((await ended).code).toBe('UNAVAILABLE');
    expect((await errorOf(admin.getEvent({ sequence: 1 }, { signal: forever }))).code).toBe('COORDINATOR_UNREACHABLE');
    const again = await transport.listen({
      kind: 'home',
      host: '127.0.0.1',
      port: listener.port,
      own: coordinator,
      services,
      logger,
    });
    opened.push({ close: () => again.close(0) });
    await admin.getEvent({ sequence: 1 }, { signal: forever });
  });

  it('a closed channel ends its calls', async () => {
    const { channel } = await setUp([
      adminWith({
        async *listEvents(_request, call) {
          yield { events: [], lookedBackTo: 0 };
          await new Promise<void>((resolve) => {
            call.signal.addEventListener('abort', () => resolve());
          });
        },
      }),
    ]);
    const made = channel();
    const following = createClient(AdminServiceDefinition, made)
      .listEvents(allEvents, { signal: forever })
      [Symbol.asyncIterator]();
    await following.next();
    const ended = errorOf(following.next());
    made.close();
    expect((await ended).code).toBe('CANCELLED');
  });

  it("a client trusts only its own member's coordinator", async () => {
    const { transport, listener } = await setUp([adminWith({ getEvent: async () => ({ event: undefined }) })]);
    const stranger = await createMember('a stranger', Date.now() - 60_000);
    const own = await ownCredentials(stranger, clientOf(stranger));
    const channel = transport.connect({ endpoints: [`127.0.0.1:${listener.port}`], own });
    opened.push(channel);
    const error = await errorOf(createClient(AdminServiceDefinition, channel).getEvent({ sequence: 1 }, { signal: forever }));
    expect(error.code).toBe('CERTIFICATE_INVALID');
  });

  it('a node that listens in place of the coordinator is refused', async () => {
    const { channel } = await setUp([adminWith({ getEvent: async () => ({ event: undefined }) })], { own: node });
    const error = await errorOf(createClient(AdminServiceDefinition, channel()).getEvent({ sequence: 1 }, { signal: forever }));
    expect(error.message).toMatch(/coordinator/);
    expect(['CERTIFICATE_INVALID', 'PERMISSION_DENIED']).toContain(error.code);
  });

  it('enrolment needs no certificate, and shows the leaf that proofs are bound to', async () => {
    const answer = {
      certificate: new Uint8Array([1]),
      caCertificate: new Uint8Array(),
      subjectId: 's',
      name: 'n',
      memberId: 'm',
      memberName: 'alice',
      homeEndpoints: ['127.0.0.1:1'],
      proof: new Uint8Array(),
    };
    const { transport, listener } = await setUp(
      [
        enrolmentWith(async (request, call) => {
          expect(call).not.toHaveProperty('caller');
          return { ...answer, name: request.name };
        }),
      ],
      { kind: 'enrolment' },
    );
    const chains: (readonly Uint8Array[])[] = [];
    const enrolment = await transport.connectEnrolment({
      endpoints: [`127.0.0.1:${listener.port}`],
      verifyServer: (chain) => {
        chains.push(chain);
        return member.ca;
      },
      signal: forever,
    });
    opened.push(enrolment.channel);
    expect(enrolment.serverLeaf).toEqual(new Uint8Array(coordinator.leaf));
    expect(chains[0]?.map((der) => new Uint8Array(der))).toEqual([new Uint8Array(coordinator.leaf), member.ca.der]);
    const request = {
      inviteId: 'i',
      certificateRequest: new Uint8Array(),
      nonce: new Uint8Array(),
      proof: new Uint8Array(),
      name: 'attic',
    };
    const redeemed = await createClient(EnrolmentServiceDefinition, enrolment.channel).redeem(request, { signal: forever });
    expect(redeemed.name).toBe('attic');
  });

  it('nothing is sent to an enrolment server that the invite does not pin', async () => {
    let calls = 0;
    const { transport, listener } = await setUp(
      [
        enrolmentWith(async () => {
          calls += 1;
          throw new CollectiveError('INVITE_INVALID', 'never');
        }),
      ],
      { kind: 'enrolment' },
    );
    const connect = transport.connectEnrolment({
      endpoints: [`127.0.0.1:${listener.port}`],
      verifyServer: () => {
        throw new CollectiveError('CERTIFICATE_INVALID', 'Not the pinned CA.');
      },
      signal: forever,
    });
    expect(await errorOf(connect)).toMatchObject({ code: 'CERTIFICATE_INVALID', message: 'Not the pinned CA.' });
    expect(calls).toBe(0);
  });

  it('a service can be served only on its own kind of port', async () => {
    const transport = createTransport();
    const options = { host: '127.0.0.1', port: 0, own: coordinator, logger: new MemoryLogger() };
    await expect(transport.listen({ ...options, kind: 'enrolment', services: [adminWith({})] })).rejects.toThrow(/AdminService/);
    const enrolment = enrolmentWith(async () => Promise.reject(new Error('never')));
    await expect(transport.listen({ ...options, kind: 'home', services: [enrolment] })).rejects.toThrow(/EnrolmentService/);
  });
}

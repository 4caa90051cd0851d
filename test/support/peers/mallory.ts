import { setTimeout as sleep } from 'node:timers/promises';
import { CollectiveError, type MemberId } from '../../../src/base/index.js';
import {
  type AuthenticatedCall,
  createClient,
  createGrpcTransport,
  type PeerMessage,
  PeerServiceDefinition,
  type PullRequest,
  type RpcChannel,
  type RpcListener,
  type RpcTransport,
  serve,
} from '../../../src/transport/index.js';
import type { PeerMember } from './peer-member.js';

type Heads = { origin: string; epoch: number; sequence: number; headerHash: Uint8Array }[];
export type Pulled = AsyncGenerator<{ blocks: Uint8Array[] }, void, undefined>;

/** An admitted member whose coordinator is a program of her own: real keys, real TLS, and whatever she likes to say. */
export class Mallory {
  /** What she answers to who asks her for blocks. */
  pull: (request: PullRequest, call: AuthenticatedCall) => Pulled = nothing;
  pulls = 0;
  /** What she says after her hello to who dials her. */
  told: readonly PeerMessage[] = [];
  readonly #member: PeerMember;
  readonly #transport: RpcTransport;
  readonly #channels: RpcChannel[] = [];
  readonly #ending = new AbortController();
  #listener: RpcListener | undefined;

  constructor(member: PeerMember) {
    this.#member = member;
    this.#transport = createGrpcTransport(member.ports);
  }

  /** Serves at her place; whoever is in her pool may come. */
  async listen(): Promise<void> {
    const { own, pool, ports, trusted } = this.#member;
    const port = Number(trusted.endpoints[0]?.split(':').at(-1));
    const implementation = {
      session: (incoming: AsyncIterable<PeerMessage>, call: AuthenticatedCall) => this.#dialled(incoming, call),
      pull: (request: PullRequest, call: AuthenticatedCall) => {
        this.pulls += 1;
        return this.pull(request, call);
      },
      answer: () => {
        throw new CollectiveError('NOT_FOUND', 'She asks nobody.');
      },
    };
    this.#listener = await this.#transport.listen({
      kind: 'peer',
      host: '127.0.0.1',
      port,
      own,
      peers: pool,
      logger: ports.logger,
      services: [serve(PeerServiceDefinition, implementation)],
    });
  }

  client(victim: PeerMember) {
    const channel = this.#transport.connectPeer({ own: this.#member.own, memberId: victim.id, peers: this.#member.pool });
    this.#channels.push(channel);
    return createClient(PeerServiceDefinition, channel);
  }

  /** Dials the victim and says all of this after a hello; the session stays open until `stop`. */
  say(victim: PeerMember, messages: AsyncIterable<PeerMessage> | readonly PeerMessage[], bootId = 'mallory'): void {
    const { signal } = this.#ending;
    const outgoing = async function* (): AsyncGenerator<PeerMessage, void, undefined> {
      yield hello(bootId);
      yield* messages;
      await sleep(10 * 60_000, undefined, { signal }).catch(() => undefined);
    };
    const reading = async (): Promise<void> => {
      for await (const _message of this.client(victim).session(outgoing(), { signal }));
    };
    // It is cut, or ends with her.
    reading().catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    for (const channel of this.#channels) channel.close();
    await this.#listener?.close(0);
  }

  /** Lets others dial in: a session that was dialled at the same time as hers takes its place. */
  async *#dialled(_incoming: AsyncIterable<PeerMessage>, call: AuthenticatedCall): AsyncGenerator<PeerMessage, void, undefined> {
    yield hello('mallory');
    yield* this.told;
    await sleep(10 * 60_000, undefined, { signal: AbortSignal.any([call.signal, this.#ending.signal]) }).catch(() => undefined);
  }
}

async function* nothing(): Pulled {
  // Nobody gets anything.
}

export const hello = (bootId: string): PeerMessage => ({
  message: { $case: 'hello', value: { protocolVersion: 1, bootId, softwareVersion: 'mallory', endpoints: [] } },
});

export const claims = (...heads: Heads): PeerMessage => ({ message: { $case: 'frontier', value: { heads } } });

export const claim = (origin: MemberId, epoch: number, sequence: number): Heads[number] => ({
  origin,
  epoch,
  sequence,
  headerHash: new Uint8Array(32).fill(7),
});

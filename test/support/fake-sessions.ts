import type { MemberId } from '../../src/base/index.js';
import { generateKeyPair, type KeyPair, type OwnCredentials } from '../../src/identity/index.js';
import { SystemClock, SystemRandom, SystemTimers } from '../../src/runtime/index.js';
import {
  createGrpcTransport,
  type RpcListener,
  type SessionHello,
  type SessionOrder,
  type SessionRequest,
  type SessionResponse,
  type SessionTrust,
} from '../../src/transport/index.js';
import { hasher } from '../unit/identity/support.js';
import { freePorts } from './cluster/index.js';
import { MemoryLogger, sessionWith } from './rpc.js';

export const clock = new SystemClock();
export const timers = new SystemTimers();
export const random = new SystemRandom();
export const transport = createGrpcTransport({ clock, random, timers });
export const forever = new AbortController().signal;

export type Message = NonNullable<SessionRequest['message']>;
type Heard = { readonly [Case in Message['$case']]: Extract<Message, { readonly $case: Case }>['value'] };
type Order = NonNullable<SessionOrder['order']>;

/** The coordinator's side of node sessions, with a ticket key and nothing behind it. */
export class FakeCoordinator {
  readonly own: OwnCredentials;
  readonly ticketKeys: KeyPair;
  /** What the nodes said, in order. */
  readonly heard: Message[] = [];
  readonly hellos: SessionHello[] = [];
  heartbeatMs = 100;
  welcomes: MemberId;
  #listener: RpcListener | undefined;
  #port = 0;
  #send: ((response: SessionResponse) => void) | undefined;
  #orders = 0;
  #listeners = new Set<() => void>();

  constructor(own: OwnCredentials) {
    this.own = own;
    this.welcomes = own.memberId;
    this.ticketKeys = generateKeyPair(random, hasher);
  }

  get endpoint(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Takes a port without serving it yet, one that nobody else takes while it does not. */
  async reserve(): Promise<void> {
    [this.#port = 0] = await freePorts(1);
  }

  async start(): Promise<void> {
    this.#listener = await transport.listen({
      kind: 'home',
      host: '127.0.0.1',
      port: this.#port,
      own: this.own,
      services: [sessionWith((requests, call) => this.#session(requests, call.signal))],
      logger: new MemoryLogger(),
    });
    this.#port = this.#listener.port;
  }

  async stop(): Promise<void> {
    await this.#listener?.close(0);
    this.#listener = undefined;
  }

  /** Resolves with the first thing heard that fits, past or future. */
  async hears<Case extends keyof Heard>(kind: Case, fits: (value: Heard[Case]) => boolean = () => true): Promise<Heard[Case]> {
    const find = (): Heard[Case] | undefined =>
      this.heard
        .filter(({ $case }) => $case === kind)
        .map(({ value }) => value as Heard[Case])
        .find(fits);
    await this.#until(() => find() !== undefined);
    const found = find();
    if (found === undefined) throw new Error('it was heard');
    return found;
  }

  async welcomed(times: number): Promise<void> {
    await this.#until(() => this.hellos.length >= times);
  }

  /** Gives an order and returns the reply to it. */
  async order(order: Order | undefined): Promise<Message> {
    this.#orders += 1;
    const orderId = this.#orders;
    this.#send?.({ message: { $case: 'order', value: { orderId, order } } });
    const isReply = (message: Message): boolean =>
      (message.$case === 'answer' || message.$case === 'inventory') && message.value.orderId === orderId;
    await this.#until(() => this.heard.some(isReply));
    const reply = this.heard.find(isReply);
    if (reply === undefined) throw new Error('it was heard');
    return reply;
  }

  /** Tells the node whom to trust; resolves when it has taken it in. */
  async tells(trust: SessionTrust): Promise<void> {
    this.#send?.({ message: { $case: 'trust', value: trust } });
    await this.order({ $case: 'verify', value: { chunkIds: [] } });
  }

  async *#session(requests: AsyncIterable<SessionRequest>, signal: AbortSignal): AsyncGenerator<SessionResponse> {
    const down: SessionResponse[] = [];
    this.#send = (response) => {
      down.push(response);
      this.#changed();
    };
    let ended = false;
    const listen = async (): Promise<void> => {
      for await (const { message } of requests) {
        if (message === undefined) continue;
        this.heard.push(message);
        if (message.$case === 'hello') this.hellos.push(message.value);
        this.#changed();
      }
    };
    const listening = listen()
      .catch(() => undefined)
      .finally(() => {
        ended = true;
        this.#changed();
      });
    signal.addEventListener('abort', () => {
      ended = true;
      this.#changed();
    });
    await this.#until(() => this.heard.length > 0 || ended);
    yield {
      message: {
        $case: 'welcome',
        value: {
          memberId: this.welcomes,
          memberName: 'alice',
          ticketPublicKeys: [this.ticketKeys.publicKey],
          heartbeatMs: this.heartbeatMs,
          revocationPosition: 0,
        },
      },
    };
    for (;;) {
      await this.#until(() => down.length > 0 || ended);
      const next = down.shift();
      if (next === undefined) break;
      yield next;
    }
    await listening;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
      look();
    });
  }
}

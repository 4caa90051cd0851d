import type { CollectiveError } from '../../../src/base/index.js';
import type { RpcCall } from '../../../src/transport/index.js';

/** Messages under way in one direction before their sender has to wait. */
const WINDOW = 4;

interface Waiting<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: CollectiveError) => void;
}

export interface SimRpcCallOptions {
  /** The call as the two processes would have it without a network between them. */
  readonly inner: RpcCall;
  /**
   * Resolves when a message of so many bytes has crossed the network: how often it arrives, 1 but for duplicates; 0 that
   * nothing ever will. `up` is from the caller to the server.
   */
  readonly cross: (direction: 'up' | 'down', message: Uint8Array | undefined) => Promise<number>;
  /** When the other side learns that this call is over, if ever. */
  readonly later: (task: () => void) => void;
  readonly onEnded: () => void;
}

/** One call over a network: messages keep their order and take their time; what is cut fails here at once, and there later. */
export class SimRpcCall implements RpcCall {
  readonly #options: SimRpcCallOptions;
  readonly #up: (Uint8Array | 'end')[] = [];
  readonly #down: (Uint8Array | undefined)[] = [];
  #sender: Waiting<boolean> | undefined;
  #receiver: Waiting<Uint8Array | undefined> | undefined;
  #takers: (() => void)[] = [];
  #pumping = false;
  #refused = false;
  #failure: CollectiveError | undefined;
  #over = false;

  constructor(options: SimRpcCallOptions) {
    this.#options = options;
    this.#pumpDown().catch((error: unknown) => this.#onInner(error));
  }

  get serverLeaf(): Uint8Array | undefined {
    return this.#options.inner.serverLeaf;
  }

  send(message: Uint8Array): Promise<boolean> {
    if (this.#over || this.#refused) return Promise.resolve(false);
    this.#up.push(message.slice());
    this.#pumpUp();
    if (this.#up.length < WINDOW) return Promise.resolve(true);
    return new Promise((resolve, reject) => {
      this.#sender = { resolve, reject };
    });
  }

  endRequests(): void {
    if (this.#over || this.#refused) return;
    this.#up.push('end');
    this.#pumpUp();
  }

  receive(): Promise<Uint8Array | undefined> {
    if (this.#down.length > 0) {
      const message = this.#down.shift();
      for (const take of this.#takers.splice(0)) take();
      if (message === undefined) this.#conclude();
      return Promise.resolve(message);
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#over) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#receiver = { resolve, reject };
    });
  }

  cancel(): void {
    if (this.#over) return;
    this.#conclude();
    this.#options.later(() => this.#options.inner.cancel());
  }

  /** The connection is gone, or the deadline: what was not received is lost. */
  fail(error: CollectiveError): void {
    if (this.#over) return;
    this.#failure = error;
    this.#down.length = 0;
    this.#conclude();
    this.#options.later(() => this.#options.inner.cancel());
  }

  #conclude(): void {
    this.#over = true;
    this.#up.length = 0;
    this.#sender?.resolve(false);
    this.#sender = undefined;
    if (this.#failure !== undefined) this.#receiver?.reject(this.#failure);
    else this.#receiver?.resolve(undefined);
    this.#receiver = undefined;
    for (const take of this.#takers.splice(0)) take();
    this.#options.onEnded();
  }

  #pumpUp(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    this.#carryUp()
      .catch((error: unknown) => this.#onInner(error))
      .finally(() => {
        this.#pumping = false;
      });
  }

  async #carryUp(): Promise<void> {
    for (let next = this.#up[0]; next !== undefined && !this.#over; next = this.#up[0]) {
      const times = await this.#options.cross('up', next === 'end' ? undefined : next);
      if (times === 0 || this.#over) return;
      this.#up.shift();
      this.#sender?.resolve(true);
      this.#sender = undefined;
      if (next === 'end') {
        this.#options.inner.endRequests();
        continue;
      }
      for (let time = 0; time < times && !this.#refused; time += 1) {
        if (await this.#options.inner.send(next)) continue;
        this.#refused = true;
        this.#up.length = 0;
      }
    }
  }

  async #pumpDown(): Promise<void> {
    for (;;) {
      const message = await this.#options.inner.receive();
      const times = await this.#options.cross('down', message);
      if (times === 0 || this.#over) return;
      if (message === undefined) {
        this.#deliver(message);
        return;
      }
      for (let time = 0; time < times; time += 1) this.#deliver(message);
      while (this.#down.length >= WINDOW && !this.#over) await new Promise<void>((resolve) => this.#takers.push(resolve));
    }
  }

  #deliver(message: Uint8Array | undefined): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    if (receiver === undefined) {
      this.#down.push(message);
      return;
    }
    if (message === undefined) this.#conclude();
    receiver.resolve(message);
  }

  /** The other side ended it with an error, which takes its time too. */
  #onInner(error: unknown): void {
    this.#options
      .cross('down', undefined)
      .then((times) => {
        if (times === 0 || this.#over) return;
        this.#failure = error as CollectiveError;
        this.#conclude();
      })
      .catch((failure: unknown) => this.fail(failure as CollectiveError));
  }
}

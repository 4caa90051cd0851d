import { CollectiveClient, createNodeDialler } from '../../../src/client/index.js';
import type { SimNetwork, SimRpcNetwork } from '../ports/index.js';
import { MemoryLocalFiles } from '../../unit/client/support/memory-local-files.js';
import { HOME_ENDPOINT, hasher, type FixtureClient, verifier } from './fixture.js';
import type { Machine } from './machine.js';

/** Large buffers of programs that have ended, by length: making them anew takes longer than all that is done with them. */
const spare = new Map<number, Uint8Array[]>();

/** Local files whose buffers come from programs that ended before, and go back when this one has ended in order. */
class PooledLocalFiles extends MemoryLocalFiles {
  readonly #lent: Uint8Array[] = [];

  override alignedBuffer(bytes: number): Uint8Array {
    const buffer = spare.get(bytes)?.pop() ?? new Uint8Array(bytes);
    this.#lent.push(buffer);
    return buffer;
  }

  giveBack(): void {
    for (const buffer of this.#lent.splice(0)) {
      const same = spare.get(buffer.length) ?? [];
      same.push(buffer);
      spare.set(buffer.length, same);
    }
  }
}

/** A client's machine. Each operation is a program of its own, as commands are: started, run once, ended. */
export class ClientHost {
  readonly machine: Machine;
  readonly identity: FixtureClient;
  readonly #network: SimNetwork;
  readonly #rpc: SimRpcNetwork;
  #client: CollectiveClient | undefined;
  #local: PooledLocalFiles | undefined;
  #abort = new AbortController();

  constructor(machine: Machine, identity: FixtureClient, network: SimNetwork, rpc: SimRpcNetwork) {
    this.machine = machine;
    this.identity = identity;
    this.#network = network;
    this.#rpc = rpc;
  }

  /** Whether an operation runs. */
  get busy(): boolean {
    return this.#client !== undefined;
  }

  /** A new process; `end` or `kill` ends it. */
  open(): { readonly client: CollectiveClient; readonly local: MemoryLocalFiles; readonly signal: AbortSignal } {
    const { host, own } = this.identity;
    const { timers, random, logger } = this.machine.boot();
    const { clock } = this.machine;
    const world = { clock, timers, random };
    const local = new PooledLocalFiles();
    this.#local = local;
    const transport = this.#rpc.from({ host, ...world });
    const client = new CollectiveClient({
      channel: transport.connect({ endpoints: [HOME_ENDPOINT], own }),
      openNode: createNodeDialler({ network: this.#network.from(host), own, clock, timers, hasher, verifier }),
      local,
      hasher,
      logger,
      ...world,
    });
    this.#client = client;
    this.#abort = new AbortController();
    return { client, local, signal: this.#abort.signal };
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.#abort.abort();
  }

  end(): void {
    this.#client?.close();
    this.#local?.giveBack();
    this.#gone();
  }

  kill(): void {
    this.#gone();
  }

  #gone(): void {
    this.#client = undefined;
    this.machine.kill();
    this.#network.killHost(this.identity.host);
    this.#rpc.killHost(this.identity.host);
  }
}

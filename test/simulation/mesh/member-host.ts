import { CollectiveError } from '../../../src/base/index.js';
import { CollectiveClient } from '../../../src/client/index.js';
import { MemoryLocalFiles } from '../../unit/client/support/memory-local-files.js';
import type { SimRpcNetwork } from '../ports/index.js';
import { CoordinatorHost } from '../system/coordinator-host.js';
import { hasher } from '../system/fixture.js';
import type { Machine } from '../system/machine.js';
import type { Trace } from '../system/trace.js';
import { ENROLMENT_PORT, type FoundedMember, HOME_PORT, PEER_PORT } from './fixture.js';

export interface MemberHostOptions {
  readonly founded: FoundedMember;
  readonly machine: Machine;
  readonly rpc: SimRpcNetwork;
  readonly trace: Trace;
}

/** The machine of one of several members, and its coordinator. */
export class MemberHost extends CoordinatorHost {
  readonly founded: FoundedMember;

  constructor({ founded, ...rest }: MemberHostOptions) {
    const { name: host, material } = founded;
    const settings = {
      material,
      home: { host, port: HOME_PORT },
      enrolment: { host, port: ENROLMENT_PORT },
      peer: { host, port: PEER_PORT },
      homeEndpoints: [`${host}:${HOME_PORT}`],
      enrolmentEndpoints: [`${host}:${ENROLMENT_PORT}`],
      peerEndpoints: [`${host}:${PEER_PORT}`],
    };
    super({ ...rest, host, settings });
    this.founded = founded;
  }
}

/** A member's person at another machine. Each operation is a program of its own: started, run once, ended. */
export class MemberClient {
  readonly founded: FoundedMember;
  readonly machine: Machine;
  readonly #rpc: SimRpcNetwork;
  #client: CollectiveClient | undefined;
  #abort = new AbortController();

  constructor({ founded, machine, rpc }: Pick<MemberHostOptions, 'founded' | 'machine' | 'rpc'>) {
    this.founded = founded;
    this.machine = machine;
    this.#rpc = rpc;
  }

  get busy(): boolean {
    return this.#client !== undefined;
  }

  open(): { readonly client: CollectiveClient; readonly signal: AbortSignal } {
    const { host } = this.machine;
    const { timers, random, logger } = this.machine.boot();
    const world = { clock: this.machine.clock, timers, random };
    const transport = this.#rpc.from({ host, ...world });
    const { own } = this.founded.client;
    const client = new CollectiveClient({
      channel: transport.connect({ endpoints: [`${this.founded.name}:${HOME_PORT}`], own }),
      openNode: () => Promise.reject(new CollectiveError('NODE_UNREACHABLE', 'There are no nodes in this simulation.')),
      local: new MemoryLocalFiles(),
      hasher,
      logger,
      ...world,
    });
    this.#client = client;
    this.#abort = new AbortController();
    return { client, signal: this.#abort.signal };
  }

  end(): void {
    this.#client?.close();
    this.kill();
  }

  kill(): void {
    this.#abort.abort();
    this.#client = undefined;
    this.machine.kill();
    this.#rpc.killHost(this.machine.host);
  }
}

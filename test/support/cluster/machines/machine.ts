import { type ClusterPorts, type Place, usualPorts } from '../place.js';
import { locate, tool } from './tools.js';

const TABLE = ['inet', 'collective_links'] as const;
/** Packets from whom are dropped, before anything of this machine sees them. */
const RULES = `table ${TABLE.join(' ')} {
  set silenced { type ether_addr; }
  chain arriving { type filter hook input priority -300; ether saddr @silenced drop; }
  chain router { type filter hook input priority -290; }
}`;

/** A network namespace with an address of its own: for the processes in it, a machine of their own. */
export class Machine implements Place {
  readonly listenHost = '0.0.0.0';
  readonly name: string;
  readonly namespace: string;
  /** What the rules of others know it by, whatever its address. */
  readonly hardwareAddress: string;
  #address: string;

  private constructor(name: string, namespace: string, address: string, hardwareAddress: string) {
    this.name = name;
    this.namespace = namespace;
    this.#address = address;
    this.hardwareAddress = hardwareAddress;
  }

  /** In an empty namespace; joins it to the switch in namespace `hub`. The caller removes both. */
  static async create(options: {
    readonly name: string;
    readonly namespace: string;
    readonly hub: string;
    readonly port: string;
    readonly address: string;
    readonly hardwareAddress: string;
  }): Promise<Machine> {
    const { name, namespace, hub, port, address, hardwareAddress } = options;
    const machine = new Machine(name, namespace, address, hardwareAddress);
    await tool('ip', '-n', hub, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    await tool('ip', '-n', hub, 'link', 'set', port, 'master', 'switch', 'up');
    await machine.#ip('link', 'set', 'lo', 'up');
    await machine.#ip('link', 'set', 'eth0', 'address', hardwareAddress, 'up');
    await machine.#ip('addr', 'add', `${address}/24`, 'dev', 'eth0');
    await tool('ip', 'netns', 'exec', namespace, locate('nft') ?? 'nft', RULES);
    return machine;
  }

  get address(): string {
    return this.#address;
  }

  get within(): readonly string[] {
    return [locate('ip') ?? 'ip', 'netns', 'exec', this.namespace];
  }

  ports(nodes: number): Promise<ClusterPorts> {
    return Promise.resolve(usualPorts(nodes));
  }

  /** Connections by the old address hang from now on, as after any such change. */
  async moveTo(address: string): Promise<void> {
    await this.#ip('addr', 'del', `${this.#address}/24`, 'dev', 'eth0');
    await this.#ip('addr', 'add', `${address}/24`, 'dev', 'eth0');
    this.#address = address;
  }

  /** From now on nothing that `other` sends arrives here, and nobody is told. */
  async silence(other: Machine): Promise<void> {
    await this.#nft('add', 'element', 'silenced', `{ ${other.hardwareAddress} }`);
  }

  async hear(other: Machine): Promise<void> {
    await this.#nft('delete', 'element', 'silenced', `{ ${other.hardwareAddress} }`);
  }

  /**
   * As behind a home router that forwards only these ports: who dials another one hears nothing. What is dialled from here, and what
   * stands already, passes.
   */
  async forwardOnly(ports: readonly number[]): Promise<void> {
    const rule = [
      'iifname',
      'eth0',
      'tcp',
      'flags',
      '& (syn | ack) == syn',
      'tcp',
      'dport',
      `!= { ${[0, ...ports].join(', ')} }`,
    ];
    await this.forwardAll();
    await this.#nft('add', 'rule', 'router', ...rule, 'drop');
  }

  async forwardAll(): Promise<void> {
    await this.#nft('flush', 'chain', 'router');
  }

  /** Processes that run in it, whoever started them. */
  async pids(): Promise<readonly number[]> {
    return pidsIn(this.namespace);
  }

  async #nft(verb: string, kind: string, name: string, ...rest: readonly string[]): Promise<void> {
    await tool('ip', 'netns', 'exec', this.namespace, locate('nft') ?? 'nft', verb, kind, ...TABLE, name, ...rest);
  }

  async #ip(...args: readonly string[]): Promise<void> {
    await tool('ip', '-n', this.namespace, ...args);
  }
}

export async function pidsIn(namespace: string): Promise<readonly number[]> {
  return (await tool('ip', 'netns', 'pids', namespace)).split('\n').filter(Boolean).map(Number);
}

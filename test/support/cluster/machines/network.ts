import { Machine, pidsIn } from './machine.js';
import { isLeftOver, nameOf, thisProcess } from './names.js';
import { requireTools, tool } from './tools.js';

/** Of TEST-NET-2 (RFC 5737), which is nobody's. No way leads there from this machine itself. */
const SUBNET = '198.51.100';
const SWITCH = 'switch';
const MACHINES_MAX = 200;

let networks = 0;

/**
 * Machines with addresses of their own, joined by a switch: network namespaces, all of them made and removed here. The switch
 * has a namespace too, so that nothing of it is seen on this machine. Links are cut by rules of the kernel's packet filter.
 */
export class Network {
  readonly #number: number;
  readonly #hub: string;
  readonly #machines = new Map<string, Machine>();
  readonly #silent = new Set<string>();
  #added = 0;
  #addresses = 0;

  private constructor(number: number, hub: string) {
    this.#number = number;
    this.#hub = hub;
  }

  /** Removes first what runs that were killed have left. Throws with what to do where there can be no namespaces. */
  static async create(): Promise<Network> {
    requireTools();
    await removeLeftOvers();
    const number = (networks += 1);
    const hub = nameOf(thisProcess(), number, 'hub');
    await tool('ip', 'netns', 'add', hub);
    const network = new Network(number, hub);
    try {
      await tool('ip', '-n', hub, 'link', 'add', SWITCH, 'type', 'bridge');
      await tool('ip', '-n', hub, 'link', 'set', SWITCH, 'up');
    } catch (error) {
      await network.remove();
      throw error;
    }
    return network;
  }

  /** A new machine, reachable by all that are there and no other. */
  async add(name: string): Promise<Machine> {
    this.#added += 1;
    const number = this.#added;
    if (number > MACHINES_MAX) throw new Error(`a network has at most ${MACHINES_MAX} machines`);
    const namespace = nameOf(thisProcess(), this.#number, name);
    await tool('ip', 'netns', 'add', namespace);
    try {
      const machine = await Machine.create({
        name,
        namespace,
        hub: this.#hub,
        port: `port${number}`,
        address: this.freeAddress(),
        hardwareAddress: `02:00:00:00:00:${number.toString(16).padStart(2, '0')}`,
      });
      this.#machines.set(name, machine);
      return machine;
    } catch (error) {
      await removeNamespace(namespace);
      throw error;
    }
  }

  machine(name: string): Machine {
    const machine = this.#machines.get(name);
    if (machine === undefined) throw new Error(`there is no machine ${name}`);
    return machine;
  }

  /** One that no machine of this network has or had. */
  freeAddress(): string {
    this.#addresses += 1;
    if (this.#addresses > 254) throw new Error('there are no more addresses');
    return `${SUBNET}.${this.#addresses}`;
  }

  /** Nothing gets from one to the other any more, either way; or only what goes from the first to the second, if `oneWay`. */
  async cut(from: string, to: string, oneWay = false): Promise<void> {
    await this.#silence(from, to);
    if (!oneWay) await this.#silence(to, from);
  }

  async heal(from: string, to: string): Promise<void> {
    for (const [sender, receiver] of [
      [from, to],
      [to, from],
    ] as const) {
      if (this.#silent.delete(`${sender} ${receiver}`)) await this.machine(receiver).hear(this.machine(sender));
    }
  }

  async healAll(): Promise<void> {
    for (const link of this.#silent) {
      const [from = '', to = ''] = link.split(' ');
      await this.heal(from, to);
    }
  }

  /** Ends whatever still runs in the machines, and removes them. */
  async remove(): Promise<void> {
    for (const machine of this.#machines.values()) await removeNamespace(machine.namespace);
    this.#machines.clear();
    await removeNamespace(this.#hub);
  }

  async #silence(from: string, to: string): Promise<void> {
    if (this.#silent.has(`${from} ${to}`)) return;
    await this.machine(to).silence(this.machine(from));
    this.#silent.add(`${from} ${to}`);
  }
}

async function removeLeftOvers(): Promise<void> {
  for (const name of (await namespaces()).filter(isLeftOver)) await removeNamespace(name);
}

/** Its processes are of whoever made it, and of no use without it. */
async function removeNamespace(namespace: string): Promise<void> {
  try {
    for (const pid of await pidsIn(namespace)) end(pid);
    await tool('ip', 'netns', 'del', namespace);
  } catch (error) {
    // Two runs that begin at once remove what a third one left.
    if ((await namespaces()).includes(namespace)) throw error;
  }
}

const namespaces = async (): Promise<readonly string[]> =>
  (await tool('ip', 'netns', 'list')).split('\n').map((line) => line.split(' ')[0] ?? '');

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It ended between being listed and here.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

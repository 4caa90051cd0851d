import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, Collective, Daemon, Network } from '../../test/support/cluster/index.js';
import type { Seeded } from '../kill-loop/seeded.js';

/** What happens to the members while they work. What it began may last until everything is healed. */
export interface Disturbance {
  readonly name: string;
  readonly happen: (collective: Collective, network: Network, random: Seeded) => Promise<void>;
}

const names = (collective: Collective): readonly string[] => collective.all.map(({ name }) => name);

/** Two different ones. */
function pair(collective: Collective, random: Seeded): readonly [string, string] {
  const from = random.pick(names(collective));
  return [from, random.pick(names(collective).filter((name) => name !== from))];
}

const someTime = (random: Seeded): Promise<void> => sleep(300 + random.below(2500));

async function killed(daemon: Daemon, random: Seeded): Promise<void> {
  await daemon.stop('SIGKILL');
  await someTime(random);
  await daemon.start();
}

/** It goes on under another address, as a household does whose provider gave it one. */
export async function moveTo(member: Cluster, network: Network, address: string): Promise<void> {
  await member.coordinator.stop('SIGTERM');
  await network.machine(member.name).moveTo(address);
  for (const node of member.nodes) await node.stop('SIGTERM');
  await member.coordinator.start(['--advertise', address]);
  for (const node of member.nodes) {
    await node.start(['--advertise', address, '--coordinator', `127.0.0.1:${member.ports.home}`]);
  }
}

export const DISTURBANCES: readonly Disturbance[] = [
  {
    name: 'a link cut',
    happen: async (collective, network, random) => {
      await network.cut(...pair(collective, random));
      await someTime(random);
    },
  },
  {
    name: 'a link cut one way',
    happen: async (collective, network, random) => {
      await network.cut(...pair(collective, random), true);
      await someTime(random);
    },
  },
  {
    name: 'a member cut off',
    happen: async (collective, network, random) => {
      const alone = random.pick(names(collective));
      for (const other of names(collective)) if (other !== alone) await network.cut(alone, other);
      await someTime(random);
    },
  },
  {
    name: 'a link that comes and goes',
    happen: async (collective, network, random) => {
      const [from, to] = pair(collective, random);
      for (let times = 0; times < 6; times += 1) {
        await network.cut(from, to, random.below(2) === 0);
        await sleep(random.below(500));
        await network.heal(from, to);
        await sleep(random.below(500));
      }
    },
  },
  {
    name: 'a coordinator killed',
    happen: (collective, _network, random) => killed(random.pick(collective.all).coordinator, random),
  },
  {
    name: 'a coordinator killed behind a cut link',
    happen: async (collective, network, random) => {
      const [from, to] = pair(collective, random);
      await network.cut(from, to);
      await killed(collective.of(from).coordinator, random);
    },
  },
  {
    name: 'a node killed',
    happen: (collective, _network, random) => killed(random.pick(random.pick(collective.all).nodes), random),
  },
  {
    name: 'all killed, started in any order',
    happen: async (collective, _network, random) => {
      const left = collective.all.map(({ coordinator }) => coordinator);
      await Promise.all(left.map((coordinator) => coordinator.stop('SIGKILL')));
      while (left.length > 0) {
        for (const coordinator of left.splice(random.below(left.length), 1)) await coordinator.start();
        await sleep(random.below(800));
      }
    },
  },
  {
    name: 'an address changed',
    happen: async (collective, network, random) => {
      await moveTo(random.pick(collective.all), network, network.freeAddress());
    },
  },
];

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { untilInStep } from '../../test/support/e2e/index.js';
import { type Goods, readBack } from './household.js';
import type { Stage } from './stage.js';

/** Alice loses all her nodes, then her coordinator with its disk; and in the end she parts with carol. */
export async function disasters(stage: Stage, goods: Goods): Promise<void> {
  const alice = stage.of('alice');

  stage.act("All nodes of alice's are lost with their disks. Her files are read whole from bob's and carol's.");
  stage.types('alice', `kill -9 ${alice.nodes.map(({ pid }) => pid).join(' ')}; rm -r node-*`);
  await Promise.all(alice.nodes.map((node) => node.stop('SIGKILL')));
  for (const directory of alice.nodeDirectories) await rm(directory, { recursive: true });
  await readBack(stage, goods, '/shared/project', '/shared/large.bin');

  stage.act('Her coordinator is lost as well. With her exported identity it is made anew, from what her peers keep of her log.');
  const kit = join(stage.root, 'alice.recovery');
  await stage.does('alice', 'identity', 'export', kit, '--passphrase-file', alice.passphraseFile);
  stage.types('alice', `kill -9 ${alice.coordinator.pid}; rm -r the folder of the coordinator`);
  await alice.coordinator.stop('SIGKILL');
  await rm(join(alice.root, 'data', 'collective', 'alice'), { recursive: true });
  await stage.shows('alice', 'recover', '--identity', kit, '--passphrase-file', alice.passphraseFile);
  await alice.coordinator.start();
  await untilInStep(stage.collective.all);
  await readBack(stage, goods, '/shared/project', '/shared/large.bin');

  stage.act('Everybody is stopped and started again in another order, and finds the others by themselves.');
  const coordinators = stage.collective.all.map(({ coordinator }) => coordinator);
  await Promise.all(coordinators.map((coordinator) => coordinator.stop()));
  for (const coordinator of coordinators.toReversed()) await coordinator.start();
  await untilInStep(stage.collective.all);
  await stage.shows('alice', 'peer', 'list');

  stage.act('Carol is suspended by bob: cut off from him at once, and only from him.');
  await stage.shows('bob', 'member', 'suspend', 'carol');
  await stage.shows('bob', 'peer', 'list');
  await stage.shows('alice', 'peer', 'list');
  await stage.shows('alice', 'status');
}

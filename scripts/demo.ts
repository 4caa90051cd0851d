// npm run demo: three members with ten processes on this machine, from founding to the loss of nearly everything. --keep leaves them running.
import { parseArgs } from 'node:util';
import { disasters } from './demo/disasters.js';
import { friendship } from './demo/friendship.js';
import { household } from './demo/household.js';
import { Stage } from './demo/stage.js';

const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
const stage = await Stage.set({ keep: values.keep });

function showHowToUse(): void {
  const { env, root } = stage.of('alice');
  stage.say('It is still running. To be alice, from this folder:');
  stage.say(`   export XDG_CONFIG_HOME=${env['XDG_CONFIG_HOME']} XDG_DATA_HOME=${env['XDG_DATA_HOME']}`);
  stage.say('   bin/collective.js ls /');
  stage.say('   bin/collective.js peer list');
  stage.say('   bin/collective.js ls bob:/photos');
  stage.say('   bin/collective.js events tail');
  stage.say(`To be bob or carol, say so in place of alice: ${root}`);
  stage.say('To stop it and remove everything:');
  const daemons = stage.collective.all.flatMap(({ coordinator, nodes }) => [coordinator, ...nodes]);
  const pids = daemons.filter(({ running }) => running).map(({ pid }) => pid);
  stage.say(`   kill ${pids.join(' ')}; rm -r ${stage.root}`);
}

try {
  stage.say('Collective demo: three members with a coordinator each and seven storage nodes together, on this machine.');
  const goods = await household(stage);
  await friendship(stage, goods);
  await disasters(stage, goods);
  stage.say();
  stage.say(
    'What happened: every change of files, nodes and members became an event in the signed, hash-chained log of the member',
  );
  stage.say('whose it was; the others verified and kept a copy of it. Bytes went straight from client to nodes, and were');
  stage.say('acknowledged only when they were on disk where they had to be. So nodes, then all nodes of a member, then its');
  stage.say('coordinator with its disk could be lost, and every byte was still there.');
  stage.say();
  if (values.keep) {
    showHowToUse();
    process.exit(0);
  }
  stage.say('Next: npm run demo -- --keep   leaves it running for you to try; docs/federation.md shows how to set up your own.');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await stage.clear();
}

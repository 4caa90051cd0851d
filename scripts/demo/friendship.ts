import { join } from 'node:path';
import { untilInStep } from '../../test/support/e2e/index.js';
import type { Goods } from './household.js';
import type { Stage } from './stage.js';

/** Three members become a collective, open a folder to each other, and keep each other's copies. */
export async function friendship(stage: Stage, goods: Goods): Promise<void> {
  stage.act('Alice invites bob, and bob invites carol. Alice and carol are introduced, and connect by themselves.');
  const forBob = await stage.prints('alice', 'member', 'invite', 'bob');
  await stage.shows('bob', 'member', 'accept', forBob, '--yes');
  await stage.shows('alice', 'member', 'approve', 'bob');
  const forCarol = await stage.prints('bob', 'member', 'invite', 'carol', '--approved');
  await stage.does('carol', 'member', 'accept', forCarol, '--yes');
  await untilInStep(stage.collective.all);
  await stage.shows('alice', 'member', 'list');
  await stage.shows('carol', 'peer', 'list');

  stage.act('Bob opens a folder of his to alice. Carol, who was granted nothing, is refused.');
  await stage.does('bob', 'put', join(goods.folder, 'docs'), '/photos');
  await stage.isRefused('alice', 'ls', 'bob:/photos');
  await stage.shows('bob', 'grant', 'add', '/photos', '--member', 'alice', '--rights', 'read,write', '--until', '30d');
  await stage.shows('alice', 'ls', 'bob:/photos');
  await stage.shows('alice', 'put', join(goods.folder, 'proto', 'accepted.json'), 'bob:/photos');
  const copy = join(stage.root, 'from-bob');
  await stage.does('alice', 'get', 'bob:/photos/decisions', copy);
  await stage.compare("the folder of bob's", join(goods.folder, 'docs', 'decisions'), copy);
  await stage.isRefused('carol', 'get', 'bob:/photos/views.md', join(stage.root, 'never'));

  stage.act('Bob and carol each pledge space to alice, who keeps three copies, each with another member.');
  await stage.shows('bob', 'pledge', 'set', 'alice', '5G');
  await stage.shows('carol', 'pledge', 'set', 'alice', '5G');
  await stage.does('alice', 'mkdir', '/shared');
  await stage.shows('alice', 'policy', 'set', '/shared', '--copies', '3', '--spread', 'members', '--min-copies', '2');
  await stage.shows('alice', 'witness', 'set', 'bob', 'carol');
  await untilInStep(stage.collective.all);
  await stage.shows('alice', 'put', goods.folder, '/shared/project');
  await stage.shows('alice', 'put', goods.large, '/shared/large.bin');
  await stage.shows('alice', 'whereis', '/shared/large.bin');
  await stage.shows('alice', 'pledge', 'list');
}

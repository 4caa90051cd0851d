import { type Chapter, text, Walker } from '../steps.js';
import { reach } from './reach.js';
import { whatPeersSee } from './what-peers-see.js';

const alice = new Walker('alice');
const bob = new Walker('bob');
const carol = new Walker('carol');
const EVERYBODY = [alice, bob, carol] as const;

const ONLINE = 'collective node list';
const PEERS = 'collective peer list';

const founding: Chapter = {
  title: 'Three people',
  steps: [
    text(
      'Alice, bob and carol have a machine each. Each founds a member, starts its coordinator, and joins two disks, as in ' +
        '[getting started](getting-started.md). Other members connect to port 7422 of a coordinator: it has to be reachable for them, and ' +
        'so do the ports of the nodes (7430, ...) that are to keep copies for others.',
    ),
    ...EVERYBODY.flatMap((who, index) => [
      who.quietly("echo 'correct horse battery staple' > passphrase; chmod 600 passphrase"),
      index === 0
        ? who.run('collective init --name alice --passphrase-file passphrase')
        : who.quietly(`collective init --name ${['alice', 'bob', 'carol'][index]} --passphrase-file passphrase`),
      index === 0
        ? who.start('coordinator', 'collective coordinator start')
        : who.quietStart('coordinator', 'collective coordinator start'),
      ...[1, 2].flatMap((disk) => [
        who.quietly('collective node invite', 'node-invite'),
        who.quietly(
          `collective node join <node-invite> --path ~/disk${disk} --capacity 10G --name disk${disk} --listen 0.0.0.0:${7429 + disk}`,
        ),
        who.quietStart(`disk${disk}`, `collective node start --path ~/disk${disk}`),
      ]),
    ]),
    ...EVERYBODY.map((who) => who.until(ONLINE, /disk1 +online[\s\S]*disk2 +online|disk2 +online[\s\S]*disk1 +online/)),
  ],
};

const meeting: Chapter = {
  title: 'Bob is invited',
  steps: [
    text(
      'Alice makes an invite, one line, good once and for an hour, and sends it to bob by a channel that they trust. It pins who she is, ' +
        'so nobody else can answer in her place.',
    ),
    alice.run('collective member invite bob', { keeps: 'invite-of-bob' }),
    text(
      'Bob sees who is asking and what will be trusted, before anything is sent to her. He can compare the fingerprint with her by phone.',
    ),
    bob.run('collective member accept <invite-of-bob> --yes'),
    text('He has to wait for her word. (With `member invite --approved` she gives it beforehand.)'),
    alice.until('collective member list', /bob +applied/),
    alice.run('collective member list'),
    alice.run('collective member approve bob'),
    alice.until(PEERS, /bob +connected/),
    alice.run('collective peer list'),
  ],
};

const mesh: Chapter = {
  title: 'Carol is invited by bob',
  steps: [
    text('Who is admitted by one is introduced to the others by signed events. Carol accepts an invite of bob:'),
    bob.run('collective member invite carol --approved', { keeps: 'invite-of-carol' }),
    carol.run('collective member accept <invite-of-carol> --yes'),
    text('Alice and carol have never exchanged a word; their coordinators know each other, and are connected.'),
    alice.until(PEERS, /bob +connected[\s\S]*carol +connected|carol +connected[\s\S]*bob +connected/),
    carol.until(PEERS, /alice +connected/),
    alice.run('collective member list'),
    carol.run('collective peer list'),
    text(
      'Introduced means connected, and nothing more: no file, no byte of storage. Who would rather be asked first sets ' +
        '`"introductions": "ask"` in `coordinator.json`: introduced members then wait for `member approve`.',
    ),
  ],
};

const sharing: Chapter = {
  title: 'A folder is shared',
  steps: [
    bob.run('mkdir photos; head -c 3000000 /dev/urandom > photos/lake.jpg; collective put photos /photos'),
    text(
      'Without a grant nobody else can look into it, not even at the names, though these stand in the log that everybody has.',
    ),
    alice.run('collective ls bob:/photos', { exit: 5 }),
    bob.run('collective grant add /photos --member alice --rights read,write --until 30d'),
    alice.run('collective ls -l bob:/photos'),
    alice.run('collective get bob:/photos/lake.jpg lake.jpg'),
    alice.run('echo "I was there too" > note.txt; collective put note.txt bob:/photos'),
    bob.run('collective ls /photos'),
    text('Carol was granted nothing.'),
    carol.run('collective get bob:/photos/lake.jpg', { exit: 5 }),
    bob.run('collective grant list'),
  ],
};

const copies: Chapter = {
  title: 'Copies with other members',
  steps: [
    text('Bob and carol each offer alice some space. Nobody takes more from anybody than was pledged.'),
    bob.run('collective pledge set alice 5G'),
    carol.run('collective pledge set alice 5G'),
    text('Alice wants three copies of her documents, each with another member, and would be content with two for a while.'),
    alice.run('collective mkdir /documents; collective policy set /documents --copies 3 --spread members --min-copies 2'),
    alice.until('collective pledge list', /bob[\s\S]*carol|carol[\s\S]*bob/),
    alice.run('head -c 5000000 /dev/urandom > house.pdf; collective put house.pdf /documents'),
    alice.run('collective whereis /documents/house.pdf'),
    alice.run('collective pledge list'),
    text(
      'Her log, without which nobody knows what the copies are of, is to be kept by bob and carol too: they become her witnesses.',
    ),
    alice.run('collective witness set bob carol'),
    text('Alice loses all her disks in one night. Her coordinator still knows where everything is.'),
    alice.stop('disk1', true),
    alice.stop('disk2', true),
    alice.run('rm -r ~/disk1 ~/disk2'),
    alice.run(
      'collective get /documents/house.pdf house-again.pdf; cmp house.pdf house-again.pdf && echo the same, byte for byte',
    ),
  ],
};

const lost: Chapter = {
  title: 'The coordinator is lost as well',
  steps: [
    text('With the exported identity, which lay in a drawer elsewhere, all is made anew from what her peers keep of her log.'),
    alice.run('mkdir stick; collective identity export stick/alice.recovery --passphrase-file passphrase'),
    alice.stop('coordinator', true),
    alice.run('rm -r ~/.local/share/collective/alice'),
    alice.run('collective recover --identity stick/alice.recovery --passphrase-file passphrase'),
    alice.start('coordinator again', 'collective coordinator start'),
    alice.until(PEERS, /bob +connected/),
    alice.run(
      'rm house-again.pdf; collective get /documents/house.pdf house-again.pdf; cmp house.pdf house-again.pdf && echo the same, byte for byte',
    ),
  ],
};

const parting: Chapter = {
  title: 'Parting',
  steps: [
    text(
      'Every member decides for itself whom it deals with. Suspending cuts a member off until it is reinstated; removing is for good, ' +
        'and first copies elsewhere what lies with it, where there is room. With many chunks a bar shows how far that is, four batches ' +
        'of 64 at once; interrupted, the member stays, what was copied stays copied, and the same command goes on. With `--now` nothing ' +
        'is copied: its copies do not count any more from then on, and `status` says how many they were (`forfeited-with-member`) and ' +
        'what has too few copies now.',
    ),
    text(
      'What you keep for a member that you remove stays on your nodes and on record, since it may be all that is left of its files; ' +
        'nobody can reach it there, not even that member, until an invite admits it again. `status` names it (`kept-for-removed`). It is ' +
        'never given up by itself: nothing that its log says could prove that it has other copies, since its log is not read any more. ' +
        'Once you know that it is not needed: `collective pledge release MEMBER`. A member that removes you without `--now` has its ' +
        'copies elsewhere and takes back what lies with you by itself.',
    ),
    carol.run('collective member suspend bob'),
    carol.run('collective peer list'),
    carol.run('collective member reinstate bob'),
    alice.run('collective member remove carol'),
    alice.run('collective member list'),
    alice.run('collective member show carol'),
  ],
};

export const chapters: readonly Chapter[] = [founding, meeting, mesh, sharing, copies, lost, parting, reach, whatPeersSee];

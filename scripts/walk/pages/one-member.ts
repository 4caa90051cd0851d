import { type Chapter, text, Walker } from '../steps.js';

const alice = new Walker('alice');

const ONLINE = 'collective node list';

const founding: Chapter = {
  title: 'Found a member',
  steps: [
    text(
      'A member is a person or a household: one identity, one log, one tree of files. The passphrase protects the identity key; it can ' +
        'be typed, or stand in a file, as here.',
    ),
    alice.run("echo 'correct horse battery staple' > passphrase; chmod 600 passphrase"),
    alice.run(
      'collective init --name alice --passphrase-file passphrase --home-listen 127.0.0.1:7420 --enrolment-listen 127.0.0.1:7421',
    ),
    text('The coordinator rules the storage. It runs in the foreground; a service manager would start it.'),
    alice.start('coordinator', 'collective coordinator start'),
  ],
};

const disks: Chapter = {
  title: 'Two disks',
  steps: [
    text(
      'Files are kept in two copies, on two nodes: one node for each disk. A node joins with an invite, which is good once and for an ' +
        'hour. Its key is made where it runs and never leaves.',
    ),
    alice.run('collective node invite', { keeps: 'invite' }),
    alice.run('collective node join <invite> --path ~/disk1/collective --capacity 10G --name disk1 --listen 127.0.0.1:7430'),
    alice.start('disk1', 'collective node start --path ~/disk1/collective'),
    text('And the second one.'),
    alice.run('collective node invite', { keeps: 'invite' }),
    alice.run('collective node join <invite> --path ~/disk2/collective --capacity 10G --name disk2 --listen 127.0.0.1:7431'),
    alice.start('disk2', 'collective node start --path ~/disk2/collective'),
    alice.until(ONLINE, /disk1 +online[\s\S]*disk2 +online/),
    alice.run('collective node list'),
  ],
};

const files: Chapter = {
  title: 'Files',
  steps: [
    alice.run('mkdir photos; head -c 3000000 /dev/urandom > photos/lake.jpg; echo "Sunday, at the lake" > photos/notes.txt'),
    alice.run('collective put photos /photos'),
    alice.run('collective ls -l /photos'),
    alice.run('collective cat /photos/notes.txt'),
    alice.run('collective get /photos again; diff -r photos again && echo the same, byte for byte'),
    text('`status` says whether all is well and, if not, what to do next.'),
    // Nodes tell what they hold every few seconds.
    alice.until(ONLINE, /disk1 .*3\.00 MB[\s\S]*disk2 .*3\.00 MB/),
    alice.run('collective status'),
    text('`whereis` shows which nodes keep a file.'),
    alice.run('collective whereis /photos/lake.jpg'),
    text('`doctor` looks at this machine, the way to the coordinator, and the way to each node.'),
    alice.run('collective doctor'),
  ],
};

const mistakes: Chapter = {
  title: 'Something mistyped',
  steps: [
    text('Every failure says what to do next, and has an exit code that means something (see [cli.md](cli.md)).'),
    alice.run('collective lss', { exit: 2 }),
    alice.run('collective get /photos/lake.jpeg', { exit: 4 }),
  ],
};

const nodeLost: Chapter = {
  title: 'A disk is lost',
  steps: [
    text('The second disk breaks, and takes its node with it. Everything can still be read: each file has another copy.'),
    alice.stop('disk2', true),
    alice.run('rm -r ~/disk2'),
    alice.until(ONLINE, /disk2 +(suspect|unreachable)/),
    alice.run('collective node list'),
    alice.run('rm -r again; collective get /photos again; diff -r photos again && echo the same, byte for byte'),
    text('A new disk takes its place. Storing what is at hand again makes the missing copies; nothing that is held is sent.'),
    alice.run('collective node invite', { keeps: 'invite' }),
    alice.run('collective node join <invite> --path ~/disk3/collective --capacity 10G --name disk3 --listen 127.0.0.1:7432'),
    alice.start('disk3', 'collective node start --path ~/disk3/collective'),
    alice.until(ONLINE, /disk3 +online/),
    alice.run('collective put photos/. /photos'),
    text('The one that is lost for good is forgotten: nothing counts on its copies any more, and its name is free.'),
    alice.run('collective node remove disk2 --force'),
    alice.run('collective node list'),
  ],
};

const proof: Chapter = {
  title: 'What happened',
  steps: [
    text('Every change is an event in a signed log, from which everything else is computed.'),
    alice.run('collective events list --last 5'),
    alice.run('collective audit verify'),
    alice.run('collective audit replay'),
  ],
};

const coordinatorLost: Chapter = {
  title: 'The coordinator is lost',
  steps: [
    text('The nodes keep the log too, so that it survives the disk of the coordinator.'),
    alice.until('collective witness list', /disk1/),
    alice.run('collective witness list'),
    text('The keys are in one file, encrypted with the passphrase: on a stick, in a drawer.'),
    alice.run('mkdir stick; collective identity export stick/alice.recovery --passphrase-file passphrase'),
    text('The disk of the coordinator breaks.'),
    alice.stop('coordinator', true),
    alice.run('rm -r ~/.local/share/collective/alice'),
    alice.run('collective ls /photos', { exit: 3 }),
    text('It is made anew, from that file and from what the nodes keep. Nothing has to be joined again.'),
    alice.run('collective recover --identity stick/alice.recovery --passphrase-file passphrase'),
    alice.start('coordinator again', 'collective coordinator start'),
    alice.until(ONLINE, /disk1 +online[\s\S]*disk3 +online/),
    alice.run('rm -r again; collective get /photos again; diff -r photos again && echo the same, byte for byte'),
  ],
};

export const chapters: readonly Chapter[] = [founding, disks, files, mistakes, nodeLost, coordinatorLost, proof];

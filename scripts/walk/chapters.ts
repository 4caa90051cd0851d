import { run, start, stop, text, until, type Chapter } from './steps.js';

const ONLINE = 'collective node list';

const founding: Chapter = {
  title: 'Found a member',
  steps: [
    text(
      'A member is a person or a household: one identity, one log, one tree of files. The passphrase protects the identity key; it can ' +
        'be typed, or stand in a file, as here.',
    ),
    run("echo 'correct horse battery staple' > passphrase; chmod 600 passphrase"),
    run(
      'collective init --name alice --passphrase-file passphrase --home-listen 127.0.0.1:7420 --enrolment-listen 127.0.0.1:7421',
    ),
    text('The coordinator rules the storage. It runs in the foreground; a service manager would start it.'),
    start('coordinator', 'collective coordinator start'),
  ],
};

const disks: Chapter = {
  title: 'Two disks',
  steps: [
    text(
      'Files are kept in two copies, on two nodes: one node for each disk. A node joins with an invite, which is good once and for an ' +
        'hour. Its key is made where it runs and never leaves.',
    ),
    run('collective node invite', { keeps: 'invite' }),
    run('collective node join <invite> --path ~/disk1/collective --capacity 10G --name disk1 --listen 127.0.0.1:7430'),
    start('disk1', 'collective node start --path ~/disk1/collective'),
    text('And the second one.'),
    run('collective node invite', { keeps: 'invite' }),
    run('collective node join <invite> --path ~/disk2/collective --capacity 10G --name disk2 --listen 127.0.0.1:7431'),
    start('disk2', 'collective node start --path ~/disk2/collective'),
    until(ONLINE, /disk1 +online[\s\S]*disk2 +online/),
    run('collective node list'),
  ],
};

const files: Chapter = {
  title: 'Files',
  steps: [
    run('mkdir photos; head -c 3000000 /dev/urandom > photos/lake.jpg; echo "Sunday, at the lake" > photos/notes.txt'),
    run('collective put photos /photos'),
    run('collective ls -l /photos'),
    run('collective cat /photos/notes.txt'),
    run('collective get /photos again; diff -r photos again && echo the same, byte for byte'),
    text('`status` says whether all is well and, if not, what to do next.'),
    run('collective status'),
    text('`whereis` shows which nodes keep a file.'),
    run('collective whereis /photos/lake.jpg'),
    text('`doctor` looks at this machine, the way to the coordinator, and the way to each node.'),
    run('collective doctor'),
  ],
};

const mistakes: Chapter = {
  title: 'Something mistyped',
  steps: [
    text('Every failure says what to do next, and has an exit code that means something (see [cli.md](cli.md)).'),
    run('collective lss', { exit: 2 }),
    run('collective get /photos/lake.jpeg', { exit: 4 }),
  ],
};

const nodeLost: Chapter = {
  title: 'A disk is lost',
  steps: [
    text('The second disk breaks, and takes its node with it. Everything can still be read: each file has another copy.'),
    stop('disk2', true),
    run('rm -r ~/disk2'),
    until(ONLINE, /disk2 +(suspect|unreachable)/),
    run('collective node list'),
    run('rm -r again; collective get /photos again; diff -r photos again && echo the same, byte for byte'),
    text('A new disk takes its place. Storing what is at hand again makes the missing copies; nothing that is held is sent.'),
    run('collective node invite', { keeps: 'invite' }),
    run('collective node join <invite> --path ~/disk3/collective --capacity 10G --name disk3 --listen 127.0.0.1:7432'),
    start('disk3', 'collective node start --path ~/disk3/collective'),
    until(ONLINE, /disk3 +online/),
    run('collective put photos/. /photos'),
    text('The one that is lost for good is forgotten: nothing counts on its copies any more, and its name is free.'),
    run('collective node remove disk2 --force'),
    run('collective node list'),
  ],
};

const proof: Chapter = {
  title: 'What happened',
  steps: [
    text('Every change is an event in a signed log, from which everything else is computed.'),
    run('collective events list --last 5'),
    run('collective audit verify'),
    run('collective audit replay'),
  ],
};

const coordinatorLost: Chapter = {
  title: 'The coordinator is lost',
  steps: [
    text('The nodes keep the log too, so that it survives the disk of the coordinator.'),
    until('collective witness list', /disk1/),
    run('collective witness list'),
    text('The keys are in one file, encrypted with the passphrase: on a stick, in a drawer.'),
    run('mkdir stick; collective identity export stick/alice.recovery --passphrase-file passphrase'),
    text('The disk of the coordinator breaks.'),
    stop('coordinator', true),
    run('rm -r ~/.local/share/collective/alice'),
    run('collective ls /photos', { exit: 3 }),
    text('It is made anew, from that file and from what the nodes keep. Nothing has to be joined again.'),
    run('collective recover --identity stick/alice.recovery --passphrase-file passphrase'),
    start('coordinator again', 'collective coordinator start'),
    until(ONLINE, /disk1 +online[\s\S]*disk3 +online/),
    run('rm -r again; collective get /photos again; diff -r photos again && echo the same, byte for byte'),
  ],
};

export const chapters: readonly Chapter[] = [founding, disks, files, mistakes, nodeLost, coordinatorLost, proof];

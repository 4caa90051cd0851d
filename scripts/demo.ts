import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { formatSize } from '../src/base/index.js';
import { Cluster } from '../test/support/cluster/index.js';
import { compareTrees } from './demo/compare-trees.js';
import { writeRandomFile } from './demo/fixtures.js';

const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
const say = (text = ''): void => console.log(text);
const step = (command: string): void => console.log(`   $ ${command}`);
const CACHES = new Set(['.vite', '.cache']);
const LARGE_FILE_BYTES = 500_000_000;

const root = await mkdtemp(join(tmpdir(), 'collective-demo-'));
let cluster: Cluster | undefined;
let cleaning = false;

async function cleanUp(): Promise<void> {
  if (cleaning) return;
  cleaning = true;
  await cluster?.stop('SIGKILL');
  await rm(root, { recursive: true, force: true });
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    say();
    say('Interrupted: stopping everything this demo started and removing its files.');
    cleanUp().then(
      () => process.exit(130),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}

function rate(bytes: number, wallMs: number): string {
  return `${formatSize(bytes)} in ${(wallMs / 1000).toFixed(1)} s, ${Math.round(bytes / 1000 / wallMs)} MB/s`;
}

async function timed(running: Cluster, args: readonly string[]): Promise<number> {
  step(`collective ${args.join(' ')}`);
  const { wallMs } = await running.ok(args);
  return wallMs;
}

async function compare(what: string, original: string, copy: string): Promise<void> {
  const result = await compareTrees(original, copy);
  if (result.differences.length > 0) {
    throw new Error(`${what} came back different:\n${result.differences.slice(0, 10).join('\n')}`);
  }
  const links = result.symlinks > 0 ? `, ${result.symlinks} symlinks` : '';
  say(`   ${what}: ${result.files} files${links}, ${formatSize(result.bytes)}: the same, byte for byte.`);
}

async function showStatus(running: Cluster): Promise<void> {
  step('collective status');
  const shown = await running.command(['status']);
  for (const line of shown.stdout.toString('utf8').trimEnd().split('\n')) say(`     ${line}`);
}

async function readBack(running: Cluster, label: string, tree: string, large: string): Promise<void> {
  const copy = join(root, `copy-${label}`);
  const treeMs = await timed(running, ['get', '/modules', join(copy, 'modules')]);
  const largeMs = await timed(running, ['get', '/large.bin', join(copy, 'large.bin')]);
  await compare('the folder', tree, join(copy, 'modules'));
  await compare('the large file', large, join(copy, 'large.bin'));
  say(`   (folder in ${(treeMs / 1000).toFixed(1)} s; large file ${rate(LARGE_FILE_BYTES, largeMs)})`);
  await rm(copy, { recursive: true });
}

async function demo(): Promise<void> {
  const modules = fileURLToPath(new URL('../node_modules', import.meta.url));
  if (!existsSync(modules)) throw new Error('node_modules is missing: run npm run demo, which installs it');
  // A copy, without the caches that other programs may be writing to meanwhile.
  const tree = join(root, 'modules');
  await cp(modules, tree, {
    recursive: true,
    verbatimSymlinks: true,
    preserveTimestamps: true,
    filter: (path) => !CACHES.has(basename(path)),
  });

  say('Collective demo: one member, a coordinator and three storage nodes, on this machine.');
  say();
  say('1. Found a member called alice, start her coordinator, and let three nodes join by one-time invites.');
  const running = await Cluster.start({ root, nodes: 3, onStep: step, detached: values.keep });
  cluster = running;
  say('   Four processes talk mutual TLS 1.3 over loopback; each key was made where it is used.');
  say();

  say('2. Store a real folder and a 500 MB file, two copies of everything on different nodes.');
  const large = join(root, 'large.bin');
  await writeRandomFile(large, LARGE_FILE_BYTES);
  const treeMs = await timed(running, ['put', tree, '/modules']);
  say(`   stored the project's own node_modules in ${(treeMs / 1000).toFixed(1)} s`);
  const largeMs = await timed(running, ['put', large, '/large.bin']);
  say(`   stored ${rate(LARGE_FILE_BYTES, largeMs)} (each byte on two nodes, synced to disk)`);
  await showStatus(running);
  say();

  say('3. Kill one node with SIGKILL and read everything back from the other copies.');
  const victim = running.nodes[1];
  if (victim === undefined) throw new Error('there is no second node');
  step(`kill -9 ${victim.pid}   # node-2`);
  await victim.stop('SIGKILL');
  await readBack(running, 'without-node-2', tree, large);
  await showStatus(running);
  say();

  say('4. Restart the coordinator and all nodes, and read everything again.');
  await running.stop('SIGTERM');
  await running.coordinator.start();
  for (const node of running.nodes) await node.start();
  await running.untilOnline(3);
  await readBack(running, 'after-restart', tree, large);
  say();

  say('5. Replay the log from its first event and compare the result with the live state.');
  step('collective audit verify');
  const verified = await running.ok(['audit', 'verify']);
  for (const line of verified.stdout.toString('utf8').trimEnd().split('\n')) say(`     ${line}`);
  step('collective audit replay');
  const replayed = await running.ok(['audit', 'replay']);
  for (const line of replayed.stdout.toString('utf8').trimEnd().split('\n')) say(`     ${line}`);
  say();

  say('What happened: every change of the file tree and of the nodes became an event in a signed, hash-chained log;');
  say('the bytes went straight to the nodes as chunks named by their hash, and were acknowledged only when two nodes');
  say('had them on disk; with one node killed every byte was still there; and the log alone rebuilds the whole state.');
  say();
  if (values.keep) showHowToUse(running);
  else say('Next: npm run demo -- --keep   leaves it running for you to try; README.md shows how to set up your own.');
}

function showHowToUse(running: Cluster): void {
  say('It is still running. To use it, from this folder:');
  say(`   export XDG_CONFIG_HOME=${running.env['XDG_CONFIG_HOME']} XDG_DATA_HOME=${running.env['XDG_DATA_HOME']}`);
  say('   bin/collective.js ls /');
  say('   bin/collective.js put README.md /README.md');
  say('   bin/collective.js cat /README.md');
  say('   bin/collective.js events tail');
  say('To stop it and remove everything:');
  const pids = [running.coordinator, ...running.nodes].map((daemon) => daemon.pid).join(' ');
  say(`   kill ${pids}; rm -r ${root}`);
}

try {
  await demo();
  if (values.keep) process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  if (!values.keep || process.exitCode === 1) await cleanUp();
}

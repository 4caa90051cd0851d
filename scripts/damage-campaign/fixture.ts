import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import { Cluster } from '../../test/support/cluster/index.js';
import { contentOf } from '../../test/support/e2e/index.js';
import { treeOf } from './tree.js';

export const NODES = 3;
const KiB = 1024;

/** What a member keeps, by path: a digest, the target of a link, or that it is a directory. */
export type Tree = Readonly<Record<string, string>>;

const ORACLE = z.record(z.string(), z.string());

/** Where one campaign keeps its things. The data are always worked on at `live`, since settings may hold absolute paths. */
export interface Places {
  readonly root: string;
  readonly live: string;
}

export const placesIn = (root: string): Places => ({ root, live: join(root, 'live') });

/** How the processes had ended: with their work done, or in the middle of it. */
export const ENDS = ['stopped', 'killed'] as const;
export type End = (typeof ENDS)[number];

const fixtureOf = ({ root }: Places, end: End): string => join(root, `fixture-${end}`);
const oracleOf = ({ root }: Places): string => join(root, 'oracle.json');

/** Founds a member with real commands and processes, stores files, changes some, and keeps two copies of all of its folders. */
export async function makeFixtures(places: Places): Promise<void> {
  await mkdir(places.live, { recursive: true });
  const cluster = await Cluster.start({ root: places.live, nodes: NODES, capacity: '1G' });
  try {
    await fill(cluster, join(places.root, 'source'));
    const copy = join(places.root, 'whole');
    await cluster.ok(['get', '/', copy]);
    await writeFile(oracleOf(places), JSON.stringify(await treeOf(copy)));
    // The end of the log is beyond what the views have flushed.
    await cluster.ok(['mkdir', '/late']);
    await rm(copy, { recursive: true });
    await cluster.ok(['get', '/', copy]);
    await writeFile(oracleOf(places), JSON.stringify(await treeOf(copy)));
    await cluster.stop('SIGKILL');
    await cp(places.live, fixtureOf(places, 'killed'), { recursive: true, preserveTimestamps: true });
    await cluster.coordinator.start();
    for (const node of cluster.nodes) await node.start();
    await cluster.untilOnline(NODES);
  } finally {
    await cluster.stop();
  }
  await cp(places.live, fixtureOf(places, 'stopped'), { recursive: true, preserveTimestamps: true });
}

async function fill(cluster: Cluster, source: string): Promise<void> {
  await mkdir(join(source, 'notes'), { recursive: true });
  await mkdir(join(source, 'photos'));
  await mkdir(join(source, 'empty'));
  for (let index = 0; index < 24; index += 1) {
    await writeFile(join(source, 'notes', `${index}.txt`), contentOf(`note ${index}`, 100 + 700 * index));
  }
  for (let index = 0; index < 2; index += 1) {
    await writeFile(join(source, 'photos', `${index}.jpg`), contentOf(`photo ${index}`, 1200 * KiB));
  }
  await writeFile(join(source, 'photos', 'small.jpg'), contentOf('small', 150 * KiB));
  await writeFile(join(source, 'nothing'), '');
  await symlink('notes/1.txt', join(source, 'link'));
  await cluster.ok(['put', source, '/']);
  const report = join(source, 'report');
  for (let version = 1; version <= 3; version += 1) {
    await writeFile(report, contentOf(`report ${version}`, 40 * KiB * version));
    await cluster.ok(['put', report, '/source/report']);
  }
  await cluster.ok(['mv', '/source/notes/3.txt', '/source/renamed.txt']);
  await cluster.ok(['rm', '/source/notes/4.txt']);
  await cluster.ok(['mkdir', '/source/a', '/source/b']);
}

/** Puts a fresh copy of the data at `live`. */
export async function layOut(places: Places, end: End): Promise<void> {
  await rm(places.live, { recursive: true, force: true });
  const { status, stderr } = spawnSync('cp', ['-a', '--reflink=auto', fixtureOf(places, end), places.live]);
  if (status !== 0) throw new Error(`copying failed: ${stderr.toString()}`);
}

export const readOracle = async (places: Places): Promise<Tree> =>
  ORACLE.parse(JSON.parse(await readFile(oracleOf(places), 'utf8')));

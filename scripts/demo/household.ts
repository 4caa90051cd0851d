import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatSize } from '../../src/base/index.js';
import { ROOT } from '../check/parts.js';
import { writeRandomFile } from './fixtures.js';
import type { Stage } from './stage.js';

/** What alice has, on the disk of this machine. */
export interface Goods {
  readonly folder: string;
  readonly large: string;
}

const LARGE_FILE_BYTES = 200_000_000;
/** What there is of this project for people to read and change. */
const PROJECT = ['src', 'test', 'docs', 'scripts', 'proto'] as const;

/** One member by itself: files are stored, a node is killed, everything is started again. */
export async function household(stage: Stage): Promise<Goods> {
  const goods = { folder: join(stage.root, 'project'), large: join(stage.root, 'large.bin') };
  for (const name of PROJECT) {
    await cp(join(ROOT, name), join(goods.folder, name), { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  }
  await writeRandomFile(goods.large, LARGE_FILE_BYTES);

  stage.act('Alice, bob and carol each found a member, start a coordinator, and let nodes join by one-time invites.');
  await stage.open([
    { name: 'alice', nodes: 3 },
    { name: 'bob', nodes: 2 },
    { name: 'carol', nodes: 2 },
  ]);
  stage.note('Ten processes, which talk mutual TLS 1.3 over loopback; each key was made where it is used.');

  stage.act('Alice stores a real folder and a file of 200 MB, two copies of everything on different nodes of hers.');
  const folderMs = await stage.does('alice', 'put', goods.folder, '/project');
  const largeMs = await stage.does('alice', 'put', goods.large, '/large.bin');
  stage.note(
    `folder in ${seconds(folderMs)}; large file ${rate(LARGE_FILE_BYTES, largeMs)}, each byte on two nodes, synced to disk`,
  );
  await stage.shows('alice', 'status');

  stage.act('One of her nodes is killed, and everything is read from the other copies.');
  const alice = stage.of('alice');
  const victim = alice.nodes[1];
  if (victim === undefined) throw new Error('there is no second node');
  stage.types('alice', `kill -9 ${victim.pid}   # node-2`);
  await victim.stop('SIGKILL');
  await readBack(stage, goods, '/project', '/large.bin');
  await victim.start();

  stage.act('Her log is verified, and replayed from its first event: the result is the live state.');
  await stage.shows('alice', 'audit', 'verify');
  await stage.shows('alice', 'audit', 'replay');
  return goods;
}

/** Fetches both as alice, and compares them with what was stored. */
export async function readBack(stage: Stage, goods: Goods, folder: string, large: string): Promise<void> {
  const copy = join(stage.root, 'copy');
  await stage.does('alice', 'get', folder, join(copy, 'project'));
  await stage.compare('the folder', goods.folder, join(copy, 'project'));
  const largeMs = await stage.does('alice', 'get', large, join(copy, 'large.bin'));
  await stage.compare('the large file', goods.large, join(copy, 'large.bin'));
  stage.note(`(large file ${rate(LARGE_FILE_BYTES, largeMs)})`);
  await rm(copy, { recursive: true });
}

const seconds = (wallMs: number): string => `${(wallMs / 1000).toFixed(1)} s`;
const rate = (bytes: number, wallMs: number): string =>
  `${formatSize(bytes)} in ${seconds(wallMs)}, ${Math.round(bytes / 1000 / wallMs)} MB/s`;

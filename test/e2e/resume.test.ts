import type { ChildProcess } from 'node:child_process';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { CommandResult } from '../support/cluster/index.js';
import { digestOfFile, FETCHED, jsonOf, STORED, World, writeContent } from '../support/e2e/index.js';

const BYTES = 240_000_000;
/** What is on its way, in memory, when a client dies. */
const IN_FLIGHT_BYTES = 64 * 1024 * 1024;
const RESUMED = FETCHED.extend({ fetched: z.number(), resumed: z.number() });

let world: World;
let source: string;

beforeAll(async () => {
  world = await World.start({ nodes: 2 });
  source = join(await world.folder(), 'large');
  await writeContent(source, 'large', BYTES);
});

afterAll(async () => {
  await world.stop();
});

async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const sizes = entries.filter((entry) => entry.isFile()).map(async (entry) => blocks(join(entry.parentPath, entry.name)));
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** On the disk; none where it has just been renamed. */
async function blocks(path: string): Promise<number> {
  try {
    return (await lstat(path)).blocks * 512;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0;
    throw error;
  }
}

/** Runs a command and kills it as soon as so many bytes lie in the folder. */
async function killedAt(bytes: number, folder: string, args: readonly string[]): Promise<CommandResult> {
  let child: ChildProcess | undefined;
  const ended = world.cluster.command(args, { onSpawn: (spawned) => (child = spawned) });
  const running = (): boolean => child !== undefined && child.exitCode === null && child.signalCode === null;
  while (running() && (await bytesBelow(folder)) < bytes);
  child?.kill('SIGKILL');
  return ended;
}

test('a put that was killed sends only the rest when it is started again', async () => {
  const node = world.cluster.nodeDirectories[0] ?? '';
  const already = await bytesBelow(node);
  const killed = await killedAt(already + BYTES / 2, node, ['put', source, '/large']);
  expect(killed.code).toBeNull();
  const again = jsonOf(await world.ok('put', source, '/large', '--json'), STORED);
  expect(again).toMatchObject({ size: BYTES, failureCount: 0 });
  expect(again.sent).toBeLessThanOrEqual(2 * (BYTES / 2 + IN_FLIGHT_BYTES));
  expect(again.sent + 2 * again.known).toBe(2 * BYTES);
}, 480_000);

test('a get that was killed fetches only the rest when it is started again, and shows nothing before it is whole', async () => {
  const folder = await world.folder();
  const target = join(folder, 'back');
  const killed = await killedAt(BYTES / 2, folder, ['get', '/large', target]);
  expect(killed.code).toBeNull();
  const [left, ...others] = await readdir(folder);
  expect([left?.startsWith('.back.collective-'), others]).toEqual([true, []]);
  const again = jsonOf(await world.ok('get', '/large', target, '--json'), RESUMED);
  expect(again.fetched).toBeLessThanOrEqual(BYTES / 2 + IN_FLIGHT_BYTES);
  expect(again.fetched + again.resumed).toBe(BYTES);
  expect(await readdir(folder)).toEqual(['back']);
  expect(await digestOfFile(target, BYTES)).toBe(await digestOfFile(source, BYTES));
  // As exact as times can be set from here: to the microsecond.
  expect((await stat(target)).mtimeMs).toBeCloseTo((await stat(source)).mtimeMs, 2);
}, 480_000);

test('a get goes on with nothing of another version than the one it fetches', async () => {
  const folder = await world.folder();
  const target = join(folder, 'back');
  await killedAt(BYTES / 4, folder, ['get', '/large', target]);
  const changed = join(await world.folder(), 'changed');
  await writeContent(changed, 'changed', 20_000_000);
  await world.ok('put', changed, '/large');
  const again = jsonOf(await world.ok('get', '/large', target, '--json'), RESUMED);
  expect(again).toMatchObject({ size: 20_000_000, fetched: 20_000_000, resumed: 0 });
  expect(await digestOfFile(target, 20_000_000)).toBe(await digestOfFile(changed, 20_000_000));
  expect(await readdir(folder)).toEqual(['back']);
}, 480_000);

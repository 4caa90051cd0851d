import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { contentOf, jsonOf, REFUSAL, treeDifferences, World } from '../support/e2e/index.js';

const MiB = 1024 * 1024;
const EXIT = { usage: 2, notFound: 4, conflict: 6 } as const;

const VERSIONS = z.object({
  versions: z.array(
    z.object({
      id: z.string(),
      state: z.string(),
      size: z.number(),
      version: z.number().optional(),
      committed: z.string().optional(),
    }),
  ),
});
const DELETED = z.object({ deleted: z.array(z.object({ path: z.string(), kind: z.string(), size: z.number() })) });
const USAGE = z.object({
  entries: z.array(
    z.object({
      path: z.string(),
      live: z.object({ size: z.number(), stored: z.number() }),
      kept: z.object({ versions: z.number(), size: z.number() }),
      deleted: z.object({ entries: z.number(), size: z.number() }),
    }),
  ),
});
const STORAGE = z.object({
  room: z.object({ size: z.number(), copies: z.number() }),
  purged: z.object({ size: z.number() }),
  unique: z.object({ size: z.number(), stored: z.number() }),
});
const FOUND = z.object({ entries: z.array(z.object({ path: z.string() })) });
const WHERE = z.object({
  state: z.string(),
  copies: z.object({ wanted: z.number(), present: z.number(), reachable: z.number() }),
  chunkList: z.array(z.object({ nodes: z.array(z.object({ name: z.string(), state: z.string() })) })),
});

let world: World;
let source: string;

beforeAll(async () => {
  world = await World.start({ nodes: 3 });
  source = join(await world.folder(), 'photos');
  await mkdir(join(source, 'deep'), { recursive: true });
  await writeFile(join(source, 'a.txt'), 'first');
  await writeFile(join(source, 'deep', 'b.bin'), contentOf('b', 3 * MiB));
  await symlink('a.txt', join(source, 'link'));
  await world.ok('put', source, '/photos');
});

afterAll(async () => {
  await world.stop();
});

const text = async (...args: readonly string[]): Promise<string> => (await world.ok(...args)).stdout.toString('utf8');
const json = async <Shape>(shape: z.ZodType<Shape>, ...args: readonly string[]): Promise<Shape> =>
  jsonOf(await world.ok(...args, '--json'), shape);

async function write(path: string, content: string): Promise<void> {
  const local = join(await world.folder(), 'content');
  await writeFile(local, content);
  await world.ok('put', local, path);
}

async function expectWhole(remote: string): Promise<void> {
  const target = join(await world.folder(), 'back');
  await world.ok('get', remote, target);
  expect(await treeDifferences(source, target)).toEqual([]);
}

describe('what was overwritten or deleted', () => {
  test('is listed with its versions, read without being restored, and put back', async () => {
    await write('/notes.txt', 'one');
    await write('/notes.txt', 'two!');
    await world.ok('rm', '/notes.txt');
    const { versions } = await json(VERSIONS, 'versions', '/notes.txt');
    expect(versions.map(({ version, state, size }) => [version, state, size])).toEqual([
      [1, 'kept', 3],
      [2, 'deleted', 4],
    ]);
    expect(await text('cat', '/notes.txt', '--version', '1')).toBe('one');
    const local = join(await world.folder(), 'then.txt');
    await world.ok('get', '/notes.txt', local, '--at', versions[0]?.committed ?? '');
    expect(await readFile(local, 'utf8')).toBe('one');
    expect((await world.command('cat', '/notes.txt')).code).toBe(EXIT.notFound);
    await world.ok('restore', '/notes.txt', '--version', '1');
    expect(await text('cat', '/notes.txt')).toBe('one');
    expect((await json(VERSIONS, 'versions', '/notes.txt')).versions.map(({ state }) => state)).toEqual([
      'kept',
      'kept',
      'current',
    ]);
  });

  test('comes back as a whole folder, by one event, with everything that was below it', async () => {
    await world.ok('rm', '-r', '/photos');
    expect((await json(DELETED, 'versions', '--recursive', '/')).deleted).toContainEqual(
      expect.objectContaining({ path: '/photos', kind: 'directory', size: 3 * MiB + 5 }),
    );
    await write('/photos', 'in the way');
    const refused = await world.command('restore', '/photos', '--json');
    expect([refused.code, jsonOf(refused, REFUSAL).error.code]).toEqual([EXIT.conflict, 'ALREADY_EXISTS']);
    await world.ok('restore', '/photos', '--to', '/again');
    await expectWhole('/again');
    await world.ok('rm', '/photos');
    await world.ok('mv', '/again', '/photos');
  });

  test('is gone once it is purged, which is asked for or said', async () => {
    await write('/secret', 'password');
    const asked = await world.command('rm', '--purge', '/secret', '--json');
    expect([asked.code, jsonOf(asked, REFUSAL).error.code]).toEqual([EXIT.usage, 'USAGE']);
    await world.ok('rm', '--purge', '--yes', '/secret');
    expect((await world.command('versions', '/secret')).code).toBe(EXIT.notFound);
    expect((await json(STORAGE, 'df')).purged.size).toBeGreaterThanOrEqual(8);
  });
});

describe('a copy', () => {
  test('of a folder moves no bytes, has all of it, and is counted by du and not by the nodes', async () => {
    const before = await json(STORAGE, 'df');
    await world.ok('cp', '-r', '/photos', '/copied/photos');
    await expectWhole('/copied/photos');
    const after = await json(STORAGE, 'df');
    expect(after.unique).toEqual(before.unique);
    const { entries } = await json(USAGE, 'du', '-s', '/photos', '/copied');
    expect(entries.map(({ live }) => live)).toEqual([
      { size: 3 * MiB + 5, stored: 2 * (3 * MiB + 5) },
      { size: 3 * MiB + 5, stored: 2 * (3 * MiB + 5) },
    ]);
  });

  test('keeps to --no-clobber, and a folder needs --recursive', async () => {
    const taken = await world.command('cp', '-n', '/photos/a.txt', '/photos/deep/b.bin', '--json');
    expect([taken.code, jsonOf(taken, REFUSAL).error.code]).toEqual([EXIT.conflict, 'ALREADY_EXISTS']);
    expect((await world.command('cp', '/photos', '/elsewhere')).code).not.toBe(0);
  });
});

describe('looking around', () => {
  test('find and tree show what is there', async () => {
    expect((await json(FOUND, 'find', '/photos', '--name', '*.b?n', '--larger-than', '1M')).entries).toEqual([
      expect.objectContaining({ path: '/photos/deep/b.bin' }),
    ]);
    expect(await text('find', '/photos', '-t', 'd', '-0')).toBe('/photos\0/photos/deep\0');
    expect(await text('tree', '/photos')).toContain('└── link -> a.txt');
  });
});

describe('a node that is gone for good', () => {
  test('leaves files with one copy, which whereis names, and putting them again brings back two', async () => {
    const where = () => json(WHERE, 'whereis', '/photos/deep/b.bin');
    const held = (await where()).chunkList.flatMap(({ nodes }) => nodes.map(({ name }) => name));
    const victim = [1, 2, 3].find((number) => held.includes(`node-${number}`)) ?? 1;
    await world.cluster.nodes[victim - 1]?.stop('SIGKILL');
    await world.statusWhen(({ nodes }) => nodes.some(({ name, state }) => name === `node-${victim}` && state !== 'online'));
    expect(await where()).toMatchObject({ state: 'partly-unreachable', copies: { wanted: 2, present: 2, reachable: 1 } });
    expect((await json(FOUND, 'find', '/photos', '--under-protected')).entries.map(({ path }) => path)).toContain(
      '/photos/deep/b.bin',
    );
    await world.ok('put', `${source}/.`, '/photos');
    expect(await where()).toMatchObject({ state: 'ok', copies: { wanted: 2, reachable: 2 } });
    await expectWhole('/photos');
  });

  test('nothing of all this is anything but what the log says', async () => {
    expect((await world.command('audit', 'replay')).code).toBe(0);
  });
});

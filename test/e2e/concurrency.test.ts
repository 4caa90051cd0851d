import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { chunkIdsOf, contentOf, ENTRY, isWell, jsonOf, treeDifferences, World } from '../support/e2e/index.js';

const MiB = 1024 * 1024;

const COMMITS = z.object({
  events: z.array(
    z.object({
      payload: z.object({
        fileId: z.string(),
        version: z.number(),
        sizeBytes: z.number(),
        extents: z.array(z.object({ chunkId: z.string().optional() })),
      }),
    }),
  ),
});

let world: World;

beforeAll(async () => {
  world = await World.start({ nodes: 2 });
});

afterAll(async () => {
  await world.stop();
});

/** A local file for each name, of this many bytes and some more, so that no two are alike in length or content. */
async function uploads(names: readonly string[], bytes: number) {
  const folder = await world.folder();
  return Promise.all(
    names.map(async (name, index) => {
      const content = contentOf(name, bytes + index * 1000);
      const path = join(folder, name);
      await writeFile(path, content);
      return { name, path, content };
    }),
  );
}

/** What the log says of each version of a file, in order: which chunks it is made of. */
async function versionsOf(remote: string) {
  const { id } = jsonOf(await world.ok('stat', remote, '--json'), ENTRY);
  const { events } = jsonOf(await world.ok('events', 'list', '--from', '1', '--type', 'FileCommitted', '--json'), COMMITS);
  return events
    .map(({ payload }) => payload)
    .filter(({ fileId }) => fileId === id)
    .map(({ version, sizeBytes, extents }) => ({ version, sizeBytes, chunkIds: extents.map(({ chunkId }) => chunkId ?? '') }));
}

describe('many clients at once', () => {
  test('that store one path: each stored version is one upload whole, all are there, and the last one is seen', async () => {
    const sources = await uploads(['a', 'b', 'c', 'd', 'e', 'f'], 3 * MiB);
    await Promise.all(sources.map(({ path }) => world.ok('put', path, '/one')));

    const versions = await versionsOf('/one');
    expect(versions.map(({ version }) => version)).toEqual(sources.map((_, index) => index + 1));
    const uploaded = sources.map(({ content }) => ({ sizeBytes: content.length, chunkIds: chunkIdsOf(content) }));
    const stored = versions.map(({ sizeBytes, chunkIds }) => ({ sizeBytes, chunkIds }));
    expect(stored.toSorted((left, right) => left.sizeBytes - right.sizeBytes)).toEqual(uploaded);

    const last = sources.find(({ content }) => content.length === versions.at(-1)?.sizeBytes);
    expect((await world.ok('cat', '/one')).stdout.equals(last?.content ?? Buffer.alloc(0))).toBe(true);
    expect(jsonOf(await world.ok('stat', '/one', '--json'), ENTRY).version).toBe(sources.length);
  });

  test('that store different files and the same folder: everything is there, whole', async () => {
    const sources = await uploads(['1', '2', '3'], 2 * MiB);
    const tree = join(await world.folder(), 'tree');
    await mkdir(join(tree, 'inner'), { recursive: true });
    for (let file = 0; file < 40; file += 1)
      await writeFile(join(tree, 'inner', `${file}`), contentOf(`tree ${file}`, file * 500));
    await Promise.all([
      ...sources.map(({ name, path }) => world.ok('put', path, `/different/${name}`)),
      ...[1, 2, 3].map(() => world.ok('put', tree, '/')),
    ]);

    const target = join(await world.folder(), 'back');
    await world.ok('get', '/tree', target);
    expect(await treeDifferences(tree, target)).toEqual([]);
    for (const { name, content } of sources) {
      expect((await world.ok('cat', `/different/${name}`)).stdout.equals(content)).toBe(true);
    }
  });

  test('that read a file while it is overwritten: each gets one version whole', async () => {
    const sources = await uploads(['first', 'second', 'third', 'fourth'], 6 * MiB);
    const [first, ...others] = sources;
    await world.ok('put', first?.path ?? '', '/hot');
    let writing = true;
    const write = async (): Promise<void> => {
      for (const { path } of others) await world.ok('put', path, '/hot');
      writing = false;
    };
    const read = async (): Promise<string[]> => {
      const found: string[] = [];
      const target = join(await world.folder(), 'out');
      do {
        await world.ok('get', '/hot', target);
        const bytes = await readFile(target);
        found.push(sources.find(({ content }) => content.equals(bytes))?.name ?? 'none of them');
      } while (writing);
      return found;
    };
    const [, ...found] = await Promise.all([write(), read(), read()]);
    expect(found.flat()).not.toContain('none of them');
    expect((await world.ok('cat', '/hot')).stdout.equals(sources.at(-1)?.content ?? Buffer.alloc(0))).toBe(true);
    console.log(`read while it was overwritten: ${found.map((names) => names.join(', ')).join('; ')}`);
  });
});

describe('after kill -9 of the coordinator and all nodes at once', () => {
  test('the same commands start them again, and everything is there', async () => {
    const { coordinator, nodes } = world.cluster;
    const tree = join(await world.folder(), 'kept');
    await mkdir(tree);
    for (let file = 0; file < 100; file += 1) await writeFile(join(tree, `${file}`), contentOf(`kept ${file}`, file * 3000));
    await world.ok('put', tree, '/');

    await world.cluster.stop('SIGKILL');
    // In the order that is worst for nodes: their coordinator comes last.
    const ready = [...(await Promise.all(nodes.map((node) => node.start()))), await coordinator.start()];
    expect(ready.every((fields) => fields['ready'] === true)).toBe(true);
    const times = [coordinator, ...nodes].map(({ startMs }) => `${Math.round(startMs)} ms`);
    console.log(`ready after kill -9: coordinator, then nodes: ${times.join(', ')}`);

    const target = join(await world.folder(), 'back');
    await world.ok('get', '/kept', target);
    expect(await treeDifferences(tree, target)).toEqual([]);
    for (const remote of ['/one', '/hot', '/different/1']) await world.ok('cat', remote);
    await world.cluster.untilOnline(2);
    // A node is online a moment before it has told of its copy of the log, on which the coordinator waits after a start.
    await world.statusWhen(isWell);
    await world.ok('audit', 'verify');
    await world.ok('audit', 'replay');
  });
});

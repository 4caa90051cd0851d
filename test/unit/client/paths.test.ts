import { describe, expect, it } from 'vitest';
import { clientWorld, signal, type ClientWorld } from './support/world.js';

/** A world with a remote file and folder, and a local file and folder with a file in it. */
async function world(): Promise<ClientWorld> {
  const made = await clientWorld(2);
  const { local, client } = made;
  local.addDirectory('/work');
  local.addFile('/work/a', 'a');
  local.addFile('/work/b', 'b');
  local.addDirectory('/work/tree');
  local.addFile('/work/tree/leaf', 'leaf');
  await made.run(() => client.put({ sources: ['/work/a'], destination: '/folder/file', copies: 0, signal }));
  return made;
}

const remotePaths = ({ coordinator }: ClientWorld): readonly string[] =>
  [...coordinator.tree.keys()].filter((path) => path !== '/').sort();

/** What there is afterwards that was not there before. */
async function putting(sources: readonly string[], destination: string): Promise<readonly string[]> {
  const made = await world();
  made.coordinator.tree.set('/folder', { kind: 2, versions: [], mode: 0o755, modified: undefined, target: '' });
  const before = new Set(remotePaths(made));
  await made.run(() => made.client.put({ sources, destination, copies: 0, signal }));
  return remotePaths(made).filter((path) => !before.has(path));
}

describe('where put puts things', () => {
  it.each([
    { does: 'a file becomes a path that does not exist', sources: ['/work/a'], destination: '/new', gives: ['/new'] },
    { does: 'a file goes into a folder that exists', sources: ['/work/a'], destination: '/folder', gives: ['/folder/a'] },
    {
      does: 'a file goes into a folder that is written with a slash',
      sources: ['/work/a'],
      destination: '/made/',
      gives: ['/made/a'],
    },
    { does: 'missing folders are made', sources: ['/work/a'], destination: '/x/y/z', gives: ['/x/y/z'] },
    {
      does: 'several files go into a new folder',
      sources: ['/work/a', '/work/b'],
      destination: '/both',
      gives: ['/both/a', '/both/b'],
    },
    { does: 'a folder becomes a path that does not exist', sources: ['/work/tree'], destination: '/t', gives: ['/t', '/t/leaf'] },
    {
      does: 'a folder goes into a folder that exists',
      sources: ['/work/tree'],
      destination: '/folder',
      gives: ['/folder/tree', '/folder/tree/leaf'],
    },
    {
      does: 'what is in a folder goes into another one',
      sources: ['/work/tree/.'],
      destination: '/folder',
      gives: ['/folder/leaf'],
    },
  ])('$does', async ({ sources, destination, gives }) => {
    expect(await putting(sources, destination)).toEqual(gives);
  });

  it.each([
    { does: 'a source that is not there', sources: ['/work/none'], destination: '/x', code: 'NOT_FOUND' },
    { does: 'two sources that would become one', sources: ['/work/a', '/work/./a'], destination: '/x', code: 'USAGE' },
    {
      does: 'several sources onto a file',
      sources: ['/work/a', '/work/b'],
      destination: '/folder/file',
      code: 'NOT_A_DIRECTORY',
    },
    { does: 'a folder onto a file', sources: ['/work/tree'], destination: '/folder/file', code: 'NOT_A_DIRECTORY' },
    { does: 'a file that is written as a folder', sources: ['/work/a'], destination: '/folder/file/', code: 'NOT_A_DIRECTORY' },
    { does: 'a path that is not a remote one', sources: ['/work/a'], destination: 'relative', code: 'PATH_INVALID' },
    { does: 'dots in a remote path', sources: ['/work/a'], destination: '/x/../y', code: 'NAME_INVALID' },
    { does: "another member's tree", sources: ['/work/a'], destination: 'bob:/x', code: 'UNSUPPORTED' },
  ])('refuses $does', async ({ sources, destination, code }) => {
    await expect(putting(sources, destination)).rejects.toMatchObject({ code });
  });
});

describe('where get puts things', () => {
  it.each([
    { does: 'a file becomes a path that does not exist', source: '/folder/file', destination: '/new', gives: '/new' },
    { does: 'a file goes into a folder that exists', source: '/folder/file', destination: '/work', gives: '/work/file' },
    {
      does: 'a file goes into a folder that is written with a slash',
      source: '/folder/file',
      destination: '/made/',
      gives: '/made/file',
    },
    { does: 'missing folders are made', source: '/folder/file', destination: '/x/y', gives: '/x/y' },
    { does: 'a file takes the place of a file', source: '/folder/file', destination: '/work/b', gives: '/work/b' },
  ])('$does', async ({ source, destination, gives }) => {
    const made = await world();
    await made.run(() => made.client.get({ sources: [source], destination, signal }));
    expect(Buffer.from(made.local.contentOf(gives) ?? []).toString()).toBe('a');
  });

  it.each([
    { does: 'a source that is not there', source: '/none', destination: '/x', code: 'NOT_FOUND' },
    { does: 'a file where a folder of its name is', source: '/folder/file', destination: '/named', code: 'IS_A_DIRECTORY' },
    { does: 'a file that is written as a folder', source: '/folder/file', destination: '/work/a/', code: 'NOT_A_DIRECTORY' },
  ])('refuses $does', async ({ source, destination, code }) => {
    const made = await world();
    made.local.addDirectory('/named');
    made.local.addDirectory('/named/file');
    await expect(made.run(() => made.client.get({ sources: [source], destination, signal }))).rejects.toMatchObject({ code });
  });
});

describe('where move puts things', () => {
  it('renames, or moves into a folder that exists', async () => {
    const made = await world();
    const { client, coordinator } = made;
    coordinator.tree.set('/other', { kind: 2, versions: [], mode: 0o755, modified: undefined, target: '' });
    const move = (from: string, to: string) => made.run(() => client.move([from], to, { replace: true }, signal));
    expect(await move('/folder/file', '/renamed')).toEqual([{ from: '/folder/file', to: '/renamed' }]);
    expect(await move('/renamed', '/other')).toEqual([{ from: '/renamed', to: '/other/renamed' }]);
    await expect(move('/other/renamed', '/nowhere/')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(move('/', '/other')).rejects.toMatchObject({ code: 'USAGE' });
  });
});

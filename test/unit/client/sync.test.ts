import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import type { SyncReport, SyncRequest } from '../../../src/client/index.js';
import { exclusionOf } from '../../../src/client/sync/exclusion.js';
import { EntryKind } from '../../../src/transport/index.js';
import { clientWorld, signal, someBytes, type ClientWorld } from './support/world.js';
import type { MemoryLocalFiles } from './support/memory-local-files.js';

const TO_REMOTE: SyncRequest = {
  direction: 'to-remote',
  localPath: '/here',
  remotePath: '/there',
  remove: true,
  checksum: false,
  exclude: [],
  allowEmpty: true,
};
const TO_LOCAL: SyncRequest = { ...TO_REMOTE, direction: 'to-local', localPath: '/back' };

const plan = (world: ClientWorld, request: SyncRequest) => world.run(() => world.client.planSync(request, signal));

async function sync(world: ClientWorld, request: SyncRequest): Promise<SyncReport> {
  const planned = await plan(world, request);
  return world.run(() => world.client.sync(planned, { copies: 0, signal }));
}

const below = (paths: Iterable<string>, top: string): string[] =>
  [...paths].filter((path) => path === top || path.startsWith(`${top}/`)).sort();

/** Times to the microsecond: finer ones are not compared. */
const time = (modified: { readonly seconds: number; readonly nanoseconds: number } | undefined): string =>
  `${modified?.seconds}.${Math.floor((modified?.nanoseconds ?? 0) / 1000)}`;

/** What is below a local folder, in words. */
function localTree(local: MemoryLocalFiles, top: string): readonly string[] {
  return below(local.things.keys(), top).map((path) => {
    const thing = local.things.get(path);
    const at = path.slice(top.length);
    if (thing?.kind === 'symlink') return `${at} -> ${thing.target}`;
    const content = thing?.kind === 'file' ? Buffer.from(thing.bytes).toString() : 'folder';
    return `${at} ${thing?.mode.toString(8)} ${time(thing?.modified)} ${content}`;
  });
}

/** The same of a remote one. */
function remoteTree(world: ClientWorld, top: string): readonly string[] {
  return below(world.coordinator.tree.keys(), top).map((path) => {
    const row = world.coordinator.tree.get(path);
    const at = path.slice(top.length);
    if (row?.kind === EntryKind.SYMLINK) return `${at} -> ${row.target}`;
    const parts = (world.coordinator.contentOf(path) ?? []).map(
      ({ chunkId, lengthBytes }) =>
        world.nodes.map((node) => node.chunks.get(chunkId)).find((copy) => copy !== undefined) ?? Buffer.alloc(lengthBytes),
    );
    const content = row?.kind === EntryKind.FILE ? Buffer.concat(parts).toString() : 'folder';
    return `${at} ${row?.mode.toString(8)} ${time(row?.modified)} ${content}`;
  });
}

/** One change of a tree; what is in the way of it goes. */
const edit = fc.record({
  kind: fc.constantFrom('file', 'file', 'file', 'directory', 'symlink', 'remove', 'touch'),
  names: fc.array(fc.constantFrom('a', 'b', 'ab', 'é', '\u{ffee}', '\u{1f600}', '.x'), { minLength: 1, maxLength: 3 }),
  text: fc.constantFrom('', 'x', 'y', 'other', '\0\0'),
  mode: fc.constantFrom(0o644, 0o600, 0o755),
  seconds: fc.integer({ min: -3, max: 3 }),
  nanoseconds: fc.constantFrom(0, 1, 999, 1000, 999_999_999),
});
type Edit = typeof edit extends fc.Arbitrary<infer Value> ? Value : never;

function apply(local: MemoryLocalFiles, top: string, edits: readonly Edit[]): void {
  if (!local.things.has(top)) local.addDirectory(top);
  for (const { kind, names, text, mode, seconds, nanoseconds } of edits) {
    const modified = { seconds, nanoseconds };
    const paths = names.map((_, index) => `${top}/${names.slice(0, index + 1).join('/')}`);
    const path = paths.at(-1) ?? top;
    const there = local.things.get(path);
    if (kind === 'touch') {
      if (there !== undefined && there.kind !== 'symlink') Object.assign(there, { mode, modified });
      continue;
    }
    for (const each of below(local.things.keys(), path))
      if (kind !== 'directory' || there?.kind !== 'directory') local.things.delete(each);
    if (kind === 'remove') continue;
    for (const parent of paths.slice(0, -1)) {
      if (local.things.get(parent)?.kind === 'directory') continue;
      local.things.delete(parent);
      local.addDirectory(parent, mode, modified);
    }
    if (kind === 'file') local.addFile(path, text, mode, modified);
    else if (kind === 'symlink') local.addSymlink(path, text === '' ? 'nowhere' : text);
    else if (there?.kind !== 'directory') local.addDirectory(path, mode, modified);
  }
}

const edits = fc.array(edit, { maxLength: 12 });

describe('sync', () => {
  it('makes both trees equal, whatever they were, and then has nothing to do', async () => {
    await fc.assert(
      fc.asyncProperty(edits, edits, edits, async (first, changes, elsewhere) => {
        const world = await clientWorld(2);
        world.local.addDirectory('/here');
        apply(world.local, '/here', first);
        apply(world.local, '/back', elsewhere);
        for (const round of [[], changes]) {
          apply(world.local, '/here', round);
          for (const request of [TO_REMOTE, TO_LOCAL]) {
            expect(await sync(world, request)).toMatchObject({ failures: [], removalsHeldBack: false });
            expect((await plan(world, request)).actions).toEqual([]);
            expect((await plan(world, { ...request, checksum: true })).actions).toEqual([]);
          }
          expect(remoteTree(world, '/there')).toEqual(localTree(world.local, '/here'));
          expect(localTree(world.local, '/back')).toEqual(localTree(world.local, '/here'));
        }
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  it('moves nothing and opens no upload when nothing differs', async () => {
    const world = await clientWorld(2);
    apply(world.local, '/here', [{ kind: 'file', names: ['a'], text: 'x', mode: 0o644, seconds: 1, nanoseconds: 999_999_999 }]);
    await sync(world, TO_REMOTE);
    world.coordinator.calls.length = 0;
    expect(await sync(world, TO_REMOTE)).toMatchObject({ files: 0, unchanged: 1, movedBytes: 0 });
    expect(new Set(world.coordinator.calls)).toEqual(new Set());
  });

  it('removes nothing unless it is asked to', async () => {
    const world = await clientWorld(2);
    world.local.addDirectory('/here');
    world.local.addFile('/here/a', 'a');
    await sync(world, TO_REMOTE);
    world.local.things.delete('/here/a');
    world.local.addFile('/here/b', 'b');
    expect(await sync(world, { ...TO_REMOTE, remove: false })).toMatchObject({ files: 1, removed: 0 });
    expect(world.coordinator.tree.has('/there/a')).toBe(true);
  });

  it('leaves a folder alone where a file is to be, unless it may remove it', async () => {
    const world = await clientWorld(2);
    world.local.addDirectory('/here');
    world.local.addDirectory('/here/a');
    world.local.addFile('/here/a/in it', 'x');
    await sync(world, TO_REMOTE);
    world.local.things.delete('/here/a/in it');
    world.local.addFile('/here/a', 'now a file');
    const report = await sync(world, { ...TO_REMOTE, remove: false });
    expect(report).toMatchObject({ files: 0, failures: [{ path: 'a', error: { code: 'IS_A_DIRECTORY' } }] });
    expect(world.coordinator.tree.has('/there/a/in it')).toBe(true);
    expect(await sync(world, TO_REMOTE)).toMatchObject({ files: 1, removed: 1, failures: [] });
  });

  it('refuses to remove all because the source is empty, or not there', async () => {
    const world = await clientWorld(2);
    world.local.addDirectory('/here');
    world.local.addFile('/here/a', 'a');
    await sync(world, TO_REMOTE);
    world.local.things.delete('/here/a');
    await expect(plan(world, { ...TO_REMOTE, allowEmpty: false })).rejects.toMatchObject({ code: 'SOURCE_EMPTY' });
    world.local.things.delete('/here');
    await expect(plan(world, TO_REMOTE)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(plan(world, { ...TO_LOCAL, remotePath: '/nowhere' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(world.coordinator.tree.has('/there/a')).toBe(true);
  });

  it('removes nothing when something of the source cannot be read, and brings the rest', async () => {
    const world = await clientWorld(2);
    world.local.addDirectory('/here');
    world.local.addFile('/here/old', 'old');
    await sync(world, TO_REMOTE);
    world.local.things.delete('/here/old');
    world.local.addFile('/here/new', 'new');
    world.local.addFile('/here/secret', 'x');
    world.local.unreadable.add('/here/secret');
    const report = await sync(world, TO_REMOTE);
    expect(report).toMatchObject({ files: 1, removed: 0, removalsHeldBack: true, failures: [{ path: 'secret' }] });
    expect(world.coordinator.tree.has('/there/old')).toBe(true);
    world.local.unreadable.clear();
    world.local.addFile('/here/bad\0name', 'x');
    const again = await sync(world, TO_REMOTE);
    expect(again).toMatchObject({
      files: 1,
      removed: 1,
      removalsHeldBack: false,
      failures: [{ error: { code: 'NAME_INVALID' } }],
    });
  });

  it('does not replace what somebody else has stored since it looked', async () => {
    const world = await clientWorld(2);
    world.local.addDirectory('/here');
    world.local.addFile('/here/a', 'mine');
    const planned = await plan(world, TO_REMOTE);
    world.local.addFile('/theirs', 'theirs');
    await world.run(() => world.client.put({ sources: ['/theirs'], destination: '/there/a', copies: 0, signal }));
    const report = await world.run(() => world.client.sync(planned, { copies: 0, signal }));
    expect(report).toMatchObject({ files: 0, failures: [{ path: '/there/a', error: { code: 'VERSION_CONFLICT' } }] });
    expect(world.coordinator.contentOf('/there/a')).toMatchObject([{ lengthBytes: 6 }]);
  });

  it('finds with checksums what size and time do not tell', async () => {
    const world = await clientWorld(2);
    world.local.addDirectory('/here');
    const bytes = someBytes('same size', 200_000);
    world.local.addFile('/here/a', bytes);
    await sync(world, TO_REMOTE);
    const changed = Buffer.from(bytes);
    changed[150_000] = (changed[150_000] ?? 0) ^ 1;
    world.local.addFile('/here/a', changed);
    expect((await plan(world, TO_REMOTE)).actions).toEqual([]);
    expect(await sync(world, { ...TO_REMOTE, checksum: true })).toMatchObject({ files: 1 });
    expect((await plan(world, { ...TO_REMOTE, checksum: true })).actions).toEqual([]);
  });

  it('leaves out on both sides what is excluded, also from a folder that goes', async () => {
    const world = await clientWorld(2);
    for (const folder of ['/here', '/here/keep', '/here/gone']) world.local.addDirectory(folder);
    for (const file of ['a.tmp', 'a', 'keep/b.tmp', 'gone/c', 'gone/d.tmp']) world.local.addFile(`/here/${file}`, file);
    await sync(world, TO_REMOTE);
    for (const path of ['/here/a.tmp', '/here/keep/b.tmp', '/here/gone', '/here/gone/c', '/here/gone/d.tmp'])
      world.local.things.delete(path);
    world.local.addFile('/here/new.tmp', 'new');
    expect(await sync(world, { ...TO_REMOTE, exclude: ['*.tmp'] })).toMatchObject({ files: 0, removed: 1 });
    const left = below(world.coordinator.tree.keys(), '/there');
    expect(left).toEqual([
      '/there',
      '/there/a',
      '/there/a.tmp',
      '/there/gone',
      '/there/gone/d.tmp',
      '/there/keep',
      '/there/keep/b.tmp',
    ]);
  });
});

describe('a pattern of what is left out', () => {
  it.each([
    ['*.tmp', 'a.tmp', true],
    ['*.tmp', 'deep/in/a.tmp', true],
    ['*.tmp', 'a.tmp/b', false],
    ['/a', 'a', true],
    ['/a', 'b/a', false],
    ['a/*', 'a/b', true],
    ['a/*', 'a/b/c', false],
    ['a/**', 'a/b/c', true],
    ['**/a', 'a', true],
    ['**/a', 'x/y/a', true],
    ['a/**/z', 'a/z', true],
    ['a/**/z', 'a/b/c/z', true],
    ['?', 'é', true],
    ['?', '\u{1f600}', true],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[!a-c]x', 'dx', true],
    ['a.b', 'axb', false],
    ['a+(b)', 'a+(b)', true],
  ])('%s is met by %s: %s', (pattern, path, expected) => {
    expect(exclusionOf([pattern])(path, false)).toBe(expected);
  });

  it('with a slash at its end is for folders only', () => {
    expect(exclusionOf(['cache/'])('x/cache', true)).toBe(true);
    expect(exclusionOf(['cache/'])('x/cache', false)).toBe(false);
  });

  it.each(['', '/', '[z-a]', 'x'.repeat(LIMITS.exclusionPatternLength + 1)])(
    'is refused where it says nothing: %s',
    (pattern) => {
      expect(() => exclusionOf([pattern])).toThrow(expect.objectContaining({ code: 'USAGE' }));
    },
  );
});

import { beforeEach, describe, expect, test } from 'vitest';
import { accept, type CollectiveError, LIMITS, type Result } from '../../../src/base/index.js';
import {
  ANY,
  choose,
  type Decision,
  decideCopiesLost,
  decideCopyEntry,
  decidePurgeEntry,
  decidePurgeExpired,
  decideRemoveEntry,
  decideRestoreEntry,
  everAt,
  type RestoreEntry,
  type Retention,
} from '../../../src/domain/index.js';
import type { RecordedEvent } from '../../../src/events/index.js';
import type { Views } from '../../../src/projections/index.js';
import { commitInline, commitList, contextAt, NODES, standing } from '../projections/random-log.js';
import { chunkId, listId, World } from '../projections/support.js';

/** The chronicle's events are a millisecond apart from here on. */
const BEGIN_MS = 1_700_000_000_000;
const DAY_MS = 86_400_000;

let world: World;

beforeEach(async () => {
  world = await World.open();
  await world.record(...standing());
});

const soon: Retention = { nowMs: BEGIN_MS + DAY_MS, retentionMs: LIMITS.retentionMs };
const late: Retention = { nowMs: BEGIN_MS + LIMITS.retentionMs + DAY_MS, retentionMs: LIMITS.retentionMs };

async function put(path: string, ...chunks: readonly string[]): Promise<number> {
  for (const decide of commitInline(path.split('/'), chunks)) accept(await world.decide(decide));
  return world.chronicle.events.at(-1)?.envelope.timeMs ?? 0;
}

const remove = (path: string) =>
  world.decide(({ namespace }) =>
    decideRemoveEntry({ names: path.split('/'), recursive: true, expectedVersion: undefined }, namespace),
  );

function restore(
  path: string,
  options: Partial<Omit<RestoreEntry, 'names' | 'which'>> & Partial<RestoreEntry['which']> = {},
  retention = soon,
): Promise<Result<readonly RecordedEvent[], CollectiveError>> {
  const { to, overwrite = false, ...which } = options;
  const command = { names: path.split('/'), which: { ...ANY, ...which }, to, overwrite };
  return world.decide((views, next) => decideRestoreEntry(command, views, { ...contextAt(next), ...retention }));
}

const copy = (from: string, to: string, replace = true) =>
  world.decide((views, next): Decision => {
    const command = {
      from: from.split('/'),
      version: undefined,
      names: to.split('/'),
      replace,
      makeParents: true,
      expectedVersion: undefined,
    };
    return decideCopyEntry(command, views, { ...contextAt(next), ...soon });
  });

const typesOf = (decided: Result<readonly RecordedEvent[], CollectiveError>) =>
  decided.ok ? decided.value.map(({ event }) => event?.type) : decided.error.code;

const read = <Value>(work: (views: Views) => Value): Promise<Value> => world.host.run(work);

describe('restoring', () => {
  test('links a deleted folder again, whatever is below, by one event', async () => {
    await put('photos/a', 'one');
    await put('photos/deep/b', 'two');
    await remove('photos');
    expect(typesOf(await restore('photos'))).toEqual(['EntryLinked']);
    expect(await read(({ namespace }) => namespace.walk(['photos', 'deep', 'b']).found)).toBe(3);
  });

  test('of one file of a deleted folder makes the folder anew, and leaves the rest deleted', async () => {
    await put('photos/a', 'one');
    await put('photos/b', 'two');
    await remove('photos');
    expect(typesOf(await restore('photos/a'))).toEqual(['DirectoryCreated', 'EntryMoved']);
    expect(await read(({ namespace }) => namespace.walk(['photos', 'b']).found)).toBe(1);
    expect(await read(({ namespace }) => everAt(['photos', 'b'], namespace).length)).toBe(1);
  });

  test('an older version makes it the newest one, and moves no bytes: the chunks are those of the old one', async () => {
    await put('a', 'one', 'two');
    await put('a', 'three');
    const decided = await restore('a', { version: 1 });
    expect(typesOf(decided)).toEqual(['FileCommitted']);
    expect(await read(({ references }) => references.chunk(chunkId('one')).versions)).toBe(2);
    expect(await read(({ placement }) => placement.chunk(chunkId('one'))?.wantedCopies)).toBe(2);
  });

  test('is refused where something stands, unless it is to be replaced, which is then deleted itself', async () => {
    await put('a', 'one');
    await remove('a');
    await put('a', 'two');
    expect(await restore('a')).toMatchObject({
      ok: false,
      error: { code: 'ALREADY_EXISTS', next: expect.stringContaining('--to') },
    });
    expect(typesOf(await restore('a', { overwrite: true }))).toEqual(['EntryRemoved', 'EntryLinked']);
    expect(await read(({ namespace }) => everAt(['a'], namespace).map(({ gone }) => gone === undefined))).toEqual([true, false]);
  });

  test('by a time takes what was there then, also of several files that stood there one after another', async () => {
    const first = await put('a', 'one');
    await put('a', 'two');
    await remove('a');
    await put('a', 'three');
    const at = (atMs: number) =>
      read(({ namespace }) => {
        const chosen = choose(['a'], { ...ANY, atMs }, namespace, soon);
        return chosen.ok ? [chosen.value.standing.gone !== undefined, chosen.value.version] : chosen.error.code;
      });
    expect(await at(first - 1)).toBe('NOT_FOUND');
    expect(await at(first)).toEqual([true, 1]);
    expect(await at(first + 2)).toEqual([true, 2]);
    expect(await at(first + DAY_MS)).toEqual([false, 1]);
  });

  test('ends with the retention time, for what was deleted and for what was overwritten', async () => {
    await put('a', 'one');
    await put('a', 'two');
    await put('b', 'one');
    await remove('b');
    expect(await restore('b', {}, late)).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
    expect(await restore('a', { version: 1 }, late)).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
    expect((await restore('a', { version: 1 })).ok).toBe(true);
  });

  test('a version of which no copy is left is refused', async () => {
    await put('a', 'one');
    await put('a', 'two');
    for (const nodeId of NODES) {
      await world.decide(({ placement }) =>
        decideCopiesLost({ nodeId, reason: 'missing', chunkIds: [chunkId('one')] }, placement),
      );
    }
    expect(await restore('a', { version: 1 })).toMatchObject({ ok: false, error: { code: 'CHUNK_UNAVAILABLE' } });
    expect(await copy('a', 'b')).toMatchObject({ ok: true });
  });
});

describe('copying', () => {
  test('shares lists and chunks with what it was made from, and counts them', async () => {
    for (const decide of commitList(['long'], ['one', 'two'], 'list')) accept(await world.decide(decide));
    expect(typesOf(await copy('long', 'folder/again'))).toEqual(['DirectoryCreated', 'FileCreated', 'FileCommitted']);
    expect(await read(({ references }) => references.list(listId('list')).versions)).toBe(2);
    const below = await read(({ namespace }) => namespace.file(namespace.walk([]).fileId)?.below);
    expect(below).toMatchObject({ files: 2, bytes: 4000, storedBytes: 8000 });
  });

  test('onto a file gives it a new version, and with no replacing is refused', async () => {
    await put('a', 'one');
    await put('b', 'two');
    expect(await copy('a', 'b', false)).toMatchObject({ ok: false, error: { code: 'ALREADY_EXISTS' } });
    expect(typesOf(await copy('a', 'b'))).toEqual(['FileCommitted']);
    expect(await read(({ namespace }) => namespace.file(namespace.walk(['b']).fileId)?.version)).toBe(2);
  });

  test('a folder, or something onto itself, is refused with what to do', async () => {
    await put('folder/a', 'one');
    expect(await copy('folder', 'other')).toMatchObject({ ok: false, error: { code: 'IS_A_DIRECTORY' } });
    expect(await copy('folder/a', 'folder/a')).toMatchObject({ ok: false, error: { code: 'REQUEST_INVALID' } });
  });
});

describe('purging', () => {
  const purge = (path: string, version?: number) =>
    world.decide(({ namespace }) => decidePurgeEntry({ names: path.split('/'), version, recursive: false }, namespace, soon));

  test('of a path takes what stands there and all that stood there, for good', async () => {
    await put('a', 'one');
    await remove('a');
    await put('a', 'two');
    expect(typesOf(await purge('a'))).toEqual(['EntryRemoved', 'EntriesPurged']);
    expect(await restore('a')).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
    expect(await read(({ namespace }) => namespace.purged())).toMatchObject({ entries: 2, bytes: 2000, storedBytes: 4000 });
  });

  test('of a version takes that one only, and never the current one', async () => {
    await put('a', 'one');
    await put('a', 'two');
    expect(await purge('a', 2)).toMatchObject({ ok: false, error: { code: 'REQUEST_INVALID' } });
    expect(typesOf(await purge('a', 1))).toEqual(['VersionsPurged']);
    expect(await purge('a', 1)).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
    expect(await restore('a', { version: 1 })).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
  });

  test('of a folder that is not empty asks for it to be said', async () => {
    await put('folder/a', 'one');
    expect(await purge('folder')).toMatchObject({ ok: false, error: { code: 'DIRECTORY_NOT_EMPTY' } });
  });

  test('by time takes exactly what is past it, once, and nothing before', async () => {
    await put('a', 'one');
    await put('a', 'two');
    await put('folder/b', 'one');
    await put('folder/b', 'two');
    await remove('folder');
    const expire = (retention: Retention) => world.decide(({ namespace }) => decidePurgeExpired(namespace, retention));
    expect(typesOf(await expire(soon))).toEqual([]);
    expect(typesOf(await expire(late))).toEqual(['VersionsPurged', 'EntriesPurged']);
    expect(typesOf(await expire(late))).toEqual([]);
    const below = await read(({ namespace }) => namespace.file(namespace.walk([]).fileId)?.below);
    expect(below).toMatchObject({ files: 1, keptVersions: 0, deletedEntries: 0, deletedBytes: 0 });
    // The older version of the file in the folder went before the folder did.
    expect(await read(({ namespace }) => namespace.purged())).toEqual({
      entries: 2,
      versions: 2,
      bytes: 3000,
      storedBytes: 6000,
    });
  });
});

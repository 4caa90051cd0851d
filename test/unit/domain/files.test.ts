import { beforeEach, describe, expect, test } from 'vitest';
import { LIMITS, ROOT_FILE_ID, type CollectiveError, type Result } from '../../../src/base/index.js';
import {
  decideCommitFile,
  decideMakeDirectory,
  decideMakeSymlink,
  decideMoveEntry,
  decideRemoveEntry,
  decideSetAttributes,
  type CommitFile,
} from '../../../src/domain/index.js';
import type { RecordedEvent } from '../../../src/events/index.js';
import { CLIENT, commitInline, commitList, contextAt, receiptsFor, standing, UPLOAD } from '../projections/random-log.js';
import { AT, chunkId, clientId, extentsOf, listId, World } from '../projections/support.js';

type Decided = Result<readonly RecordedEvent[], CollectiveError>;

let world: World;
beforeEach(async () => {
  world = await World.open();
  await world.record(...standing());
});

const types = (decided: Decided): readonly string[] | string =>
  decided.ok ? decided.value.map(({ envelope }) => envelope.type) : decided.error.code;
const code = (decided: Decided): string | undefined => (decided.ok ? undefined : decided.error.code);
const path = (text: string): readonly string[] => text.split('/').filter((name) => name.length > 0);

const make = (text: string, options: { readonly parents?: boolean; readonly existOk?: boolean } = {}): Promise<Decided> =>
  world.decide(({ namespace }, next) =>
    decideMakeDirectory(
      { names: path(text), mode: 0o755, modified: AT, makeParents: options.parents ?? false, existOk: options.existOk ?? false },
      namespace,
      contextAt(next),
    ),
  );

const commit = (text: string, change: Partial<CommitFile> = {}): Promise<Decided> =>
  world.decide((views, next) =>
    decideCommitFile(
      {
        uploadId: UPLOAD,
        clientId: CLIENT,
        names: path(text),
        sizeBytes: 0,
        mode: 0o644,
        modified: AT,
        extentListIds: [],
        extents: [],
        receipted: new Map(),
        expectedVersion: undefined,
        contentType: '',
        makeParents: false,
        ...change,
      },
      views,
      contextAt(next),
    ),
  );

const move = (from: string, to: string, change: { readonly replace?: boolean; readonly expectedVersion?: number } = {}) =>
  world.decide(({ namespace }) =>
    decideMoveEntry(
      { from: path(from), to: path(to), replace: change.replace ?? false, expectedVersion: change.expectedVersion },
      namespace,
    ),
  );

const remove = (text: string, change: { readonly recursive?: boolean; readonly expectedVersion?: number } = {}) =>
  world.decide(({ namespace }) =>
    decideRemoveEntry(
      { names: path(text), recursive: change.recursive ?? false, expectedVersion: change.expectedVersion },
      namespace,
    ),
  );

const link = (text: string, target = 'there', replace = false) =>
  world.decide(({ namespace }, next) =>
    decideMakeSymlink({ names: path(text), target, modified: AT, replace }, namespace, contextAt(next)),
  );

const stat = (text: string) =>
  world.host.run(({ namespace }) => {
    const walk = namespace.walk(path(text));
    return walk.found === path(text).length ? namespace.file(walk.fileId) : undefined;
  });

describe('making a directory', () => {
  test('makes missing parents where that is asked for, each with the id of its event', async () => {
    expect(code(await make('/a/b/c'))).toBe('NOT_FOUND');
    expect(types(await make('/a/b/c', { parents: true }))).toEqual(['DirectoryCreated', 'DirectoryCreated', 'DirectoryCreated']);
    expect(await stat('/a/b/c')).toMatchObject({ kind: 'directory', mode: 0o755, name: 'c' });
  });

  test('that is there changes nothing or is refused, as asked', async () => {
    await make('/a');
    expect(types(await make('/a', { existOk: true }))).toEqual([]);
    expect(types(await make('/', { existOk: true }))).toEqual([]);
    expect(code(await make('/a'))).toBe('ALREADY_EXISTS');
    await commit('/file');
    expect(code(await make('/file', { existOk: true }))).toBe('ALREADY_EXISTS');
    expect(code(await make('/file/below', { parents: true }))).toBe('NOT_A_DIRECTORY');
  });

  test('of a reserved name in the root is refused, deeper it is not', async () => {
    expect(code(await make('/.collective'))).toBe('NAME_INVALID');
    expect(code(await make('/.collective/a', { parents: true }))).toBe('NAME_INVALID');
    expect(code(await commit('/.collective'))).toBe('NAME_INVALID');
    expect(types(await make('/a/.collective', { parents: true }))).toHaveLength(2);
  });
});

describe('committing a file', () => {
  test('creates it, then adds versions to it', async () => {
    expect(types(await commit('/file'))).toEqual(['FileCreated', 'FileCommitted']);
    const first = await stat('/file');
    expect(types(await commit('/file', { mode: 0o600 }))).toEqual(['FileCommitted']);
    expect([first?.version, (await stat('/file'))?.version, (await stat('/file'))?.mode]).toEqual([1, 2, 0o600]);
  });

  test('makes parents where that is asked for', async () => {
    expect(code(await commit('/a/b/file'))).toBe('NOT_FOUND');
    expect(types(await commit('/a/b/file', { makeParents: true }))).toEqual([
      'DirectoryCreated',
      'DirectoryCreated',
      'FileCreated',
      'FileCommitted',
    ]);
    expect(await stat('/a/b/file')).toMatchObject({ kind: 'file', version: 1 });
  });

  test('onto a directory is refused; onto a symlink it takes its place', async () => {
    await make('/a');
    await link('/link');
    expect(code(await commit('/a'))).toBe('IS_A_DIRECTORY');
    expect(code(await commit('/'))).toBeDefined();
    expect(types(await commit('/link'))).toEqual(['EntryRemoved', 'FileCreated', 'FileCommitted']);
    expect((await stat('/link'))?.kind).toBe('file');
  });

  test('is guarded by the version that the caller has seen; 0 is none', async () => {
    expect(code(await commit('/file', { expectedVersion: 1 }))).toBe('VERSION_CONFLICT');
    expect(code(await commit('/file', { expectedVersion: 0 }))).toBeUndefined();
    expect(code(await commit('/file', { expectedVersion: 0 }))).toBe('VERSION_CONFLICT');
    expect(code(await commit('/file', { expectedVersion: 1 }))).toBeUndefined();
  });

  test('with inline extents needs them adjacent, of the size, and receipted by enough nodes', async () => {
    const extents = extentsOf(['a', 'b'], 1000);
    const whole = { extents, sizeBytes: 2000, receipted: receiptsFor(['a', 'b']) };
    expect(code(await commit('/f', { ...whole, sizeBytes: 1999 }))).toBe('REQUEST_INVALID');
    expect(code(await commit('/f', { ...whole, extents: [...extents].reverse() }))).toBe('REQUEST_INVALID');
    expect(code(await commit('/f', { ...whole, extents: extentsOf(['a', 'b'], 1000, 1) }))).toBe('REQUEST_INVALID');
    expect(code(await commit('/f', { ...whole, receipted: receiptsFor(['a']) }))).toBe('RECEIPT_INVALID');
    const one = new Map(
      [...receiptsFor(['a', 'b'])].map(([id, receipt]) => [id, { ...receipt, nodeIds: new Set([...receipt.nodeIds].slice(1)) }]),
    );
    expect(code(await commit('/f', { ...whole, receipted: one }))).toBe('RECEIPT_INVALID');
    const longer = new Map([...receiptsFor(['a', 'b'])].map(([id, receipt]) => [id, { ...receipt, lengthBytes: 999 }]));
    expect(code(await commit('/f', { ...whole, receipted: longer }))).toBe('RECEIPT_INVALID');
    const many = extentsOf(
      Array.from({ length: LIMITS.extentsInline + 1 }, () => 'a'),
      10,
    );
    expect(code(await commit('/f', { extents: many, sizeBytes: 10 * many.length, receipted: receiptsFor(['a']) }))).toBe(
      'REQUEST_INVALID',
    );
    expect(types(await commit('/f', whole))).toEqual(['FileCreated', 'FileCommitted']);
  });

  test('of holes alone needs no receipts', async () => {
    const extents = [{ offsetBytes: 0, lengthBytes: 10_000_000_000, chunkId: undefined }];
    expect(types(await commit('/sparse', { extents, sizeBytes: 10_000_000_000 }))).toEqual(['FileCreated', 'FileCommitted']);
  });

  test('with lists needs each recorded under this upload, one after another', async () => {
    for (const [list, offset] of [
      ['first', 0],
      ['second', 2000],
    ] as const) {
      const extents = extentsOf(['a', 'b'], 1000, offset);
      await world.record({ type: 'ExtentsRecorded', uploadId: UPLOAD, extentListId: listId(list), extents });
    }
    const lists = (...names: readonly string[]): Partial<CommitFile> => ({
      extentListIds: names.map(listId),
      sizeBytes: 2000 * names.length,
    });
    expect(code(await commit('/f', lists('first', 'none')))).toBe('REQUEST_INVALID');
    expect(code(await commit('/f', lists('second', 'first')))).toBe('REQUEST_INVALID');
    expect(code(await commit('/f', { ...lists('first', 'second'), extents: extentsOf(['a'], 1000) }))).toBe('REQUEST_INVALID');
    expect(types(await commit('/f', lists('first', 'second')))).toEqual(['FileCreated', 'FileCommitted']);
    expect((await stat('/f'))?.sizeBytes).toBe(4000);
  });

  test('under an upload that is closed, over, or of another client is refused', async () => {
    expect(code(await commit('/f', { clientId: clientId('another') }))).toBe('UPLOAD_UNKNOWN');
    await world.record({ type: 'UploadCompleted', uploadId: UPLOAD });
    expect(code(await commit('/f'))).toBe('UPLOAD_UNKNOWN');
  });

  test('after its copies are recorded is all that a small file takes', async () => {
    const events = [];
    for (const decide of commitInline(['small'], ['a'])) events.push(types(await world.decide(decide)));
    expect(events).toEqual([['CopiesRecorded'], ['FileCreated', 'FileCommitted']]);
    const again = [];
    for (const decide of commitInline(['small'], ['a'])) again.push(types(await world.decide(decide)));
    expect(again).toEqual([[], ['FileCommitted']]);
  });

  test('records a list and its copies once', async () => {
    const [record] = commitList(['long'], ['a', 'b'], 'list');
    if (record === undefined) throw new Error('a list is recorded first');
    expect(types(await world.decide(record))).toEqual(['CopiesRecorded', 'ExtentsRecorded']);
    expect(types(await world.decide(record))).toEqual([]);
    expect(await world.host.run(({ placement }) => placement.chunk(chunkId('a'))?.wantedCopies)).toBe(2);
  });
});

describe('moving', () => {
  beforeEach(async () => {
    await make('/a/b', { parents: true });
    await commit('/a/b/file');
    await commit('/other');
    await link('/link');
  });

  test('a directory is one event, whatever is below', async () => {
    expect(types(await move('/a', '/z'))).toEqual(['EntryMoved']);
    expect((await stat('/z/b/file'))?.kind).toBe('file');
    expect(await stat('/a')).toBeUndefined();
  });

  test('follows the rules of rename where something is there', async () => {
    expect(code(await move('/other', '/link'))).toBe('ALREADY_EXISTS');
    expect(code(await move('/other', '/a', { replace: true }))).toBe('IS_A_DIRECTORY');
    expect(code(await move('/a', '/other', { replace: true }))).toBe('NOT_A_DIRECTORY');
    await make('/c');
    await commit('/c/file');
    expect(code(await move('/a/b', '/c', { replace: true }))).toBe('DIRECTORY_NOT_EMPTY');
    await remove('/c/file');
    expect(code(await move('/a/b', '/c', { replace: true }))).toBeUndefined();
    expect(code(await move('/other', '/link', { replace: true }))).toBeUndefined();
    expect([(await stat('/link'))?.kind, (await stat('/c/file'))?.kind]).toEqual(['file', 'file']);
  });

  test('to where it stands changes nothing; into itself is refused', async () => {
    expect(types(await move('/a', '/a'))).toEqual([]);
    expect(code(await move('/a', '/a/b/c'))).toBe('MOVE_INTO_ITSELF');
    expect(code(await move('/', '/a/c'))).toBeDefined();
    expect(code(await move('/none', '/c'))).toBe('NOT_FOUND');
    expect(code(await move('/a', '/none/c'))).toBe('NOT_FOUND');
    expect(code(await move('/a', '/.collective'))).toBe('NAME_INVALID');
  });

  test('is guarded by the version of a file, and by the changes of a directory', async () => {
    const version = (await stat('/a'))?.version ?? 0;
    await commit('/a/new');
    expect(code(await move('/a', '/z', { expectedVersion: version }))).toBe('VERSION_CONFLICT');
    expect(code(await move('/a', '/z', { expectedVersion: version + 1 }))).toBeUndefined();
    expect(code(await move('/other', '/y', { expectedVersion: 2 }))).toBe('VERSION_CONFLICT');
  });

  test('never makes paths longer than can be said', async () => {
    const half = Array.from({ length: LIMITS.pathDepth / 2 }, () => 'd').join('/');
    await make(`/x/${half}`, { parents: true });
    await make(`/y/${half}`, { parents: true });
    expect(code(await move('/x', `/y/${half}/x`))).toBe('LIMIT_EXCEEDED');
    expect(code(await move('/x/d/d', `/y/${half}/x`))).toBeUndefined();
  });
});

describe('removing', () => {
  test('a directory with entries needs to be asked for; nothing below is touched', async () => {
    await make('/a');
    await commit('/a/file');
    expect(code(await remove('/a'))).toBe('DIRECTORY_NOT_EMPTY');
    expect(types(await remove('/a', { recursive: true }))).toEqual(['EntryRemoved']);
    expect(await stat('/a')).toBeUndefined();
    expect((await world.host.run(({ namespace }) => namespace.file(ROOT_FILE_ID)))?.below.files).toBe(0);
  });

  test('is guarded by the version, and not possible for the root', async () => {
    await commit('/file');
    expect(code(await remove('/file', { expectedVersion: 2 }))).toBe('VERSION_CONFLICT');
    expect(code(await remove('/file', { expectedVersion: 1 }))).toBeUndefined();
    expect(code(await remove('/file'))).toBe('NOT_FOUND');
    expect(code(await remove('/', { recursive: true }))).toBeDefined();
  });
});

describe('symlinks and attributes', () => {
  test('a symlink is replaced where that is asked for, and not when it is the same', async () => {
    expect(types(await link('/link', 'a'))).toEqual(['SymlinkCreated']);
    expect(code(await link('/link', 'b'))).toBe('ALREADY_EXISTS');
    expect(types(await link('/link', 'a', true))).toEqual([]);
    expect(types(await link('/link', 'b', true))).toEqual(['EntryRemoved', 'SymlinkCreated']);
    expect(code(await link('/other', ''))).toBe('NAME_INVALID');
    expect(code(await link('/other', 'x'.repeat(LIMITS.symlinkTargetBytes + 1)))).toBe('NAME_INVALID');
    expect(code(await link('/other', 'x'.repeat(LIMITS.symlinkTargetBytes)))).toBeUndefined();
  });

  test('only attributes that differ are recorded', async () => {
    await commit('/file');
    const set = (mode: number | undefined, seconds: number | undefined) =>
      world.decide(({ namespace }) =>
        decideSetAttributes(
          { names: ['file'], mode, modified: seconds === undefined ? undefined : { seconds, nanoseconds: AT.nanoseconds } },
          namespace,
        ),
      );
    expect(types(await set(0o644, AT.seconds))).toEqual([]);
    expect(types(await set(undefined, undefined))).toEqual([]);
    expect(types(await set(0o600, AT.seconds))).toEqual(['AttributesChanged']);
    expect(types(await set(undefined, -5))).toEqual(['AttributesChanged']);
    expect(await stat('/file')).toMatchObject({ mode: 0o600, modified: { seconds: -5 } });
  });
});

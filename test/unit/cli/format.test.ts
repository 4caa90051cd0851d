import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CollectiveError } from '../../../src/base/index.js';
import { asCollectiveError, errorJson, errorText } from '../../../src/cli/base/report-error.js';
import { failureLines, transferError, transferLine } from '../../../src/cli/base/transfer-report.js';
import { waitText } from '../../../src/cli/format/away.js';
import { boundText } from '../../../src/cli/format/bound.js';
import { entryJson, formatTime, modeText, printable } from '../../../src/cli/format/entries.js';
import { chunkLine, fileProtectionJson, protectionLines } from '../../../src/cli/format/protection.js';
import { displayWidth, formatTable } from '../../../src/cli/format/table.js';
import type { Entry, FileProtection, HolderInfo } from '../../../src/client/index.js';
import { FileSystemError } from '../../../src/ports/index.js';

const entry = (fields: Partial<Entry>): Entry => ({
  path: '/a',
  name: 'a',
  fileId: '1-2',
  kind: 'file',
  bytes: 5,
  mode: 0o644,
  modified: { seconds: 0, nanoseconds: 0 },
  version: 1,
  target: '',
  committedMs: 0,
  contentType: '',
  children: 0,
  ...fields,
});

describe('an entry', () => {
  it.each([
    [{ mode: 0o644 }, '-rw-r--r--'],
    [{ mode: 0o755, kind: 'directory' as const }, 'drwxr-xr-x'],
    [{ mode: 0o777, kind: 'symlink' as const }, 'lrwxrwxrwx'],
    [{ mode: 0o4755 }, '-rwsr-xr-x'],
    [{ mode: 0o2644 }, '-rw-r-Sr--'],
    [{ mode: 0o1777, kind: 'directory' as const }, 'drwxrwxrwt'],
    [{ mode: 0 }, '----------'],
  ])('shows its permissions as ls does', (fields, text) => {
    expect(modeText(entry(fields))).toBe(text);
  });

  it('shows times with all their digits', () => {
    expect(formatTime({ seconds: 0, nanoseconds: 0 })).toBe('1970-01-01T00:00:00Z');
    expect(formatTime({ seconds: -1, nanoseconds: 250_000_000 })).toBe('1969-12-31T23:59:59.25Z');
    expect(formatTime({ seconds: 1, nanoseconds: 1 })).toBe('1970-01-01T00:00:01.000000001Z');
    expect(formatTime({ seconds: 9e15, nanoseconds: 1 })).toContain(' s');
  });

  it('tells scripts only what applies to its kind', () => {
    expect(entryJson(entry({}))).toEqual({
      path: '/a',
      name: 'a',
      kind: 'file',
      size: 5,
      mode: '0644',
      modified: '1970-01-01T00:00:00Z',
      version: 1,
      id: '1-2',
    });
    expect(entryJson(entry({ kind: 'symlink', target: 'b' }))).toMatchObject({ target: 'b' });
    expect(entryJson(entry({ kind: 'directory', children: 3 }))).toMatchObject({ entries: 3 });
  });

  it('cannot play tricks on a terminal by its name', () => {
    expect(printable('a\u001b[31mb\nc')).toBe('a\\u{1b}[31mb\\u{a}c');
    expect(printable('\u202egpj.exe')).toBe('\\u{202e}gpj.exe');
    expect(printable('ünï 👩‍👩‍👧 çødé')).toBe('ünï 👩‍👩‍👧 çødé');
  });
});

describe('a table', () => {
  it('is as wide as its widest cells, wide characters included', () => {
    const table = formatTable(
      [{ title: 'NAME' }, { title: 'SIZE', align: 'right' }],
      [
        ['a', '1'],
        ['日本', '1000'],
        ['longer', ''],
      ],
    );
    expect(table).toBe('NAME    SIZE\na          1\n日本    1000\nlonger');
  });

  it('counts what a terminal shows', () => {
    expect(displayWidth('abc')).toBe(3);
    expect(displayWidth('e\u0301')).toBe(1);
    expect(displayWidth('🎉')).toBe(2);
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => displayWidth(text) <= 2 * text.length));
  });
});

describe('a failed command', () => {
  it('says what and what next, to people and to scripts', async () => {
    const error = new CollectiveError('NOT_FOUND', 'There is no /x.', { next: 'collective ls /', details: { path: '/x' } });
    expect(errorText(error)).toBe('Error: There is no /x. (NOT_FOUND)\nNext: collective ls /\n');
    expect(errorJson(error)).toEqual({
      error: { code: 'NOT_FOUND', message: 'There is no /x.', next: 'collective ls /', details: { path: '/x' } },
    });
    expect((await asCollectiveError(error)).exitCode).toBe(4);
  });

  it('has a code for whatever was thrown', async () => {
    expect(await asCollectiveError(new FileSystemError('EACCES', 'open', '/x'))).toMatchObject({
      code: 'PERMISSION_DENIED',
      exitCode: 5,
    });
    expect(await asCollectiveError(new FileSystemError('ENOSPC', 'write', '/x'))).toMatchObject({
      code: 'IO_FAILED',
      exitCode: 1,
    });
    expect(await asCollectiveError(new TypeError('oops'))).toMatchObject({ code: 'INTERNAL', exitCode: 1 });
    const parse = Object.assign(new Error('Nonexistent flag: --x\nSee more help with --help'), { oclif: { exit: 2 } });
    expect(await asCollectiveError(parse)).toMatchObject({ code: 'USAGE', message: 'Nonexistent flag: --x', exitCode: 2 });
  });

  it('names the flag whose value is wrong', async () => {
    const thrown = new CollectiveError('USAGE', 'Parsing --capacity \n\t"x" is not a size.\nSee more help with --help');
    expect((await asCollectiveError(thrown)).message).toBe('--capacity: "x" is not a size.');
  });

  it('says in one line what a command line lacks', async () => {
    const said = async (message: string): Promise<string> =>
      (await asCollectiveError(Object.assign(new Error(message), { oclif: { exit: 2 } }))).message;
    expect(await said('The following error occurred:\n  Missing required flag name\nSee more help with --help')).toBe(
      'Missing required flag name',
    );
    expect(await said('Parsing --copies \n\tExpected an integer but received: x\nSee more help with --help')).toBe(
      '--copies: Expected an integer but received: x',
    );
    expect(
      await said(
        'Missing 1 required arg:\ninvite  An invite.\n\nNote: --advertise allows multiple values.\nSee more help with --help',
      ),
    ).toBe('Missing argument invite: An invite.');
  });
});

describe('a transfer', () => {
  const failure = (path: string, code: 'SOURCE_CHANGED' | 'UNSUPPORTED') => ({
    path,
    error: new CollectiveError(code, `${path} failed.`),
  });

  it('is an error only when something was left out', () => {
    expect(transferError({ failures: [], failureCount: 0 }, 5)).toBeUndefined();
  });

  it('fails as its only file did', () => {
    const failures = [failure('/a', 'SOURCE_CHANGED')];
    expect(transferError({ failures, failureCount: 1 }, 0)).toBe(failures[0]?.error);
  });

  it('keeps the code of failures that are all of one kind', () => {
    const failures = [failure('/a', 'UNSUPPORTED'), failure('/b', 'UNSUPPORTED')];
    expect(transferError({ failures, failureCount: 2 }, 7)).toMatchObject({ code: 'UNSUPPORTED', details: { failures: 2 } });
    const mixed = [...failures, failure('/c', 'SOURCE_CHANGED')];
    expect(transferError({ failures: mixed, failureCount: 3 }, 7)).toMatchObject({ code: 'IO_FAILED' });
  });

  it('names what was left out, and how many more', () => {
    expect(failureLines({ failures: [failure('/a', 'UNSUPPORTED')], failureCount: 3 }, 5)).toBe(
      '/a: /a failed. (UNSUPPORTED)\n... and 2 more.\n',
    );
  });

  it('sums itself up', () => {
    const report = { files: 2, directories: 1, symlinks: 0, bytes: 1_500_000, durationMs: 1500 };
    expect(transferLine(report)).toBe('2 files, 1 folder, 1.50 MB in 1.50 s (1.00 MB/s)');
    expect(transferLine({ ...report, durationMs: 0 })).toContain('0.00 s');
  });
});

describe('what keeps a file', () => {
  const holders: readonly HolderInfo[] = [
    { nodeId: 'n', name: 'attic', state: 'unreachable' },
    { nodeId: '', memberId: 'm', name: 'carol', state: 'not-admitted' },
    { nodeId: '', memberId: 'o', name: 'dave', state: 'away' },
  ];
  const file: FileProtection = {
    entry: entry({ bytes: 5 }),
    chunks: 1,
    copiesWanted: 3,
    copiesPresent: 3,
    copiesReachable: 0,
    underProtectedChunks: 0,
    unreachableChunks: 1,
    lostChunks: 0,
    holders: holders.map((_, node) => ({ node, chunks: 1, lost: 0 })),
  };
  const next = (owner: string | undefined): string | undefined =>
    protectionLines(fileProtectionJson(file, holders), owner).at(-1);

  it('is named with why it cannot be reached, and what can be done about each', () => {
    const chunk = { offsetBytes: 0, lengthBytes: 5, chunkId: '01', copiesWanted: 3, nodes: [0, 1, 2], lost: [] };
    expect(chunkLine(chunk, holders, undefined)).toMatch(
      /attic \(unreachable\), member carol \(not-admitted\), member dave \(away\)$/,
    );
    expect(next(undefined)).toBe(
      'Next: bring back the nodes that hold it (collective node list), or wait for the members that do (collective peer list), or talk with the members that do not let you in (collective peer list)',
    );
  });

  it("is the other member's in the tree of another, and nothing that one's own commands show", () => {
    const chunk = { offsetBytes: 0, lengthBytes: 5, chunkId: '01', copiesWanted: 3, nodes: [0, 1], lost: [] };
    expect(chunkLine(chunk, holders, 'bob')).toMatch(
      /attic of bob \(unreachable\), member carol \(as bob calls it\) \(not-admitted\)$/,
    );
    expect(next('bob')).toContain('talk with the people of bob');
    expect(next('bob')).not.toContain('node list');
  });
});

describe('what is told aside', () => {
  it('names who is waited for, and how long at most', () => {
    const wait = { path: '/a', nodes: ['attic'], members: ['bob'], untilMonotonicMs: 10_500 };
    expect(waitText(wait, 1000)).toBe(
      'No copy of /a can be had now: attic cannot be reached; bob is away. Waiting up to 10 s for one.',
    );
  });

  it('names the folders whose grants and policies went with a folder', () => {
    expect(boundText('/a', { grants: 1, policies: 0, folders: 1, paths: ['/a/b'] })).toBe(
      '1 grant of /a/b does not hold any more, until: collective restore /a',
    );
    expect(boundText('/a', { grants: 2, policies: 1, folders: 6, paths: ['/a', '/a/b'] })).toBe(
      '2 grants and 1 policy of /a, /a/b, and 4 more do not hold any more, until: collective restore /a',
    );
  });
});

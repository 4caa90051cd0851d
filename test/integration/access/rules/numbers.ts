import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../../src/base/index.js';
import type { Besieged } from '../support/besieged.js';
import { codeOf, EMPTY_FILE, onlyOutcome, requestId } from '../support/requests.js';

const signal = new AbortController().signal;
const CHUNK_ID = `01${'ab'.repeat(32)}`;
const HUGE = Number.MAX_SAFE_INTEGER;

export function numberRules(at: Besieged): void {
  describe('numbers beyond sense', () => {
    it('are refused, or bounded to what is meant', async () => {
      const { files, admin } = at.client;
      const open = (copies: number, expectedBytes: number): Promise<string> =>
        codeOf(files.openUpload({ requestId: requestId(), copies, expectedBytes }, { signal }));
      expect(await open(17, 0)).toBe('REQUEST_INVALID');
      expect(await open(2 ** 32 - 1, 0)).toBe('REQUEST_INVALID');
      expect(await open(1, HUGE)).toBe('NOT_ENOUGH_NODES');
      expect(await codeOf(admin.getEvent({ sequence: HUGE }, { signal }))).toBe('NOT_FOUND');
      const listed = await files.listDirectory({ path: '/', afterName: '', limit: 2 ** 32 - 1 }, { signal });
      expect(listed.entries.length).toBeLessThanOrEqual(LIMITS.listPageEntries);
      const invite = await admin.issueInvite({ requestId: requestId(), kind: 'client', name: '', lifeMs: HUGE }, { signal });
      expect(invite.expiresMs).toBeLessThanOrEqual(Date.now() + LIMITS.inviteLifeMaxMs + 1000);
      let seen = 0;
      for await (const { events } of admin.listEvents(
        { fromSequence: HUGE, limit: HUGE, follow: false, types: [], last: 0 },
        { signal },
      ))
        seen += events.length;
      expect(seen).toBe(0);
      for await (const { events } of admin.listEvents(
        { fromSequence: 0, limit: HUGE, follow: false, types: [], last: HUGE },
        { signal },
      ))
        seen += events.length;
      expect(seen).toBe(await at.head());
    });

    it('times', async () => {
      const make = (path: string, seconds: number, nanoseconds: number, mode = 0o755): Promise<string> => {
        const directory = { path, mode, modified: { seconds, nanoseconds }, makeParents: false, existOk: false };
        return onlyOutcome(at.client.files.makeDirectories({ requestId: requestId(), directories: [directory] }, { signal }));
      };
      expect(await make('/late', 0, 1_000_000_000)).toBe('REQUEST_INVALID');
      expect(await make('/late', 0, 2 ** 32 - 1)).toBe('REQUEST_INVALID');
      const most = LIMITS.fileTimeSeconds;
      for (const seconds of [HUGE, -HUGE, most + 1, -most - 1]) expect(await make('/late', seconds, 0)).toBe('REQUEST_INVALID');
      expect(await make('/ancient', -most, 0)).toBe('OK');
      expect(await make('/future', most, 999_999_999, 2 ** 32 - 1)).toBe('OK');
      const { entry } = await at.client.files.stat({ path: '/future' }, { signal });
      expect(entry).toMatchObject({ modified: { seconds: most, nanoseconds: 999_999_999 }, mode: 0o7777 });
      const { entry: ancient } = await at.client.files.stat({ path: '/ancient' }, { signal });
      expect(ancient?.modified).toEqual({ seconds: -most, nanoseconds: 0 });
    });

    it.each<[string, { sizeBytes?: number; extents?: { offsetBytes: number; lengthBytes: number; chunkId: string }[] }]>([
      ['a size without content', { sizeBytes: 5 }],
      ['the largest size', { sizeBytes: HUGE }],
      ['an empty extent', { extents: [{ offsetBytes: 0, lengthBytes: 0, chunkId: '' }] }],
      ['a gap', { sizeBytes: 10, extents: [{ offsetBytes: 5, lengthBytes: 5, chunkId: '' }] }],
      ['a chunk of 5 MB', { sizeBytes: 5e6, extents: [{ offsetBytes: 0, lengthBytes: 5e6, chunkId: CHUNK_ID }] }],
      ['holes beyond the largest file', { sizeBytes: HUGE, extents: [{ offsetBytes: 0, lengthBytes: HUGE, chunkId: '' }] }],
      ['an extent that wraps around', { sizeBytes: 1, extents: [{ offsetBytes: HUGE, lengthBytes: HUGE, chunkId: '' }] }],
    ])('a file with %s', async (_what, wrong) => {
      const file = { ...EMPTY_FILE, path: '/numbers', ...wrong };
      const commit = at.client.files.commitFiles(
        { requestId: requestId(), uploadId: at.uploadId, files: [file], receipts: [] },
        { signal },
      );
      expect(await onlyOutcome(commit)).toBe('REQUEST_INVALID');
    });

    it('a tree that is larger in all than can be counted, out of holes that cost nothing', async () => {
      const file = {
        ...EMPTY_FILE,
        sizeBytes: LIMITS.fileBytes,
        extents: [{ offsetBytes: 0, lengthBytes: LIMITS.fileBytes, chunkId: '' }],
      };
      const commit = async (batch: number): Promise<readonly string[]> => {
        const files = Array.from({ length: LIMITS.filesPerCommit }, (_, index) => ({ ...file, path: `/vast-${batch}-${index}` }));
        const { outcomes } = await at.client.files.commitFiles(
          { requestId: requestId(), uploadId: at.uploadId, files, receipts: [] },
          { signal },
        );
        return outcomes.map(({ failure }) => failure?.code ?? 'OK');
      };
      const codes: string[] = [];
      for (let batch = 0; batch < 5; batch += 1) codes.push(...(await commit(batch)));
      expect(codes.filter((code) => code === 'OK')).toHaveLength(Math.floor(LIMITS.treeBytes / LIMITS.fileBytes));
      expect(new Set(codes)).toEqual(new Set(['OK', 'LIMIT_EXCEEDED']));
    });

    it('ranges far beyond a file', async () => {
      const commit = { ...EMPTY_FILE, path: '/short', sizeBytes: 9, extents: [{ offsetBytes: 0, lengthBytes: 9, chunkId: '' }] };
      await at.client.files.commitFiles(
        { requestId: requestId(), uploadId: at.uploadId, files: [commit], receipts: [] },
        { signal },
      );
      const read = async (offsetBytes: number, lengthBytes: number, version: number): Promise<unknown> => {
        for await (const page of at.client.files.readFiles(
          { targets: [{ path: '/short', version, offsetBytes, lengthBytes }] },
          { signal },
        )) {
          return page.files[0]?.failure?.code ?? page.extents.length;
        }
        return 'no page';
      };
      expect(await read(HUGE, HUGE, 0)).toBe(0);
      expect(await read(0, HUGE, 1)).toBe(1);
      expect(await read(0, 0, HUGE)).toBe('NOT_FOUND');
    });
  });

  describe('versions that were expected and are not there', () => {
    it('are conflicts, and change nothing', async () => {
      const { files } = at.client;
      const commit = (expectedVersion: number): Promise<string> => {
        const file = { ...EMPTY_FILE, path: '/versioned', expectedVersion };
        return onlyOutcome(
          files.commitFiles({ requestId: requestId(), uploadId: at.uploadId, files: [file], receipts: [] }, { signal }),
        );
      };
      expect(await commit(1)).toBe('VERSION_CONFLICT');
      expect(await commit(0)).toBe('OK');
      const before = await at.head();
      expect(await commit(0)).toBe('VERSION_CONFLICT');
      expect(await commit(HUGE)).toBe('VERSION_CONFLICT');
      const moved = { requestId: requestId(), fromPath: '/versioned', toPath: '/else', replace: false, expectedVersion: 7 };
      expect(await codeOf(files.moveEntry(moved, { signal }))).toBe('VERSION_CONFLICT');
      const removed = { requestId: requestId(), path: '/versioned', recursive: false, expectedVersion: 7 };
      expect(await codeOf(files.removeEntry(removed, { signal }))).toBe('VERSION_CONFLICT');
      expect(await at.head()).toBe(before);
    });
  });
}

import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../../src/base/index.js';
import type { Besieged } from '../support/besieged.js';
import { codeOf, EMPTY_FILE, onlyOutcome, requestId } from '../support/requests.js';

const signal = new AbortController().signal;
const CHUNK_ID = `01${'ab'.repeat(32)}`;

export function countRules(at: Besieged): void {
  describe('too many', () => {
    const many = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item);
    const hole = { offsetBytes: 0, lengthBytes: 9, chunkId: '' };
    const receipt = { nodeId: 'nodenodenodenode', signedReceipt: new Uint8Array(), chunks: [] };
    const directory = { path: '/d', mode: 0, modified: undefined, makeParents: false, existOk: false };
    const symlink = { path: '/s', target: 'x', modified: undefined, replace: false };
    const target = { path: '/', version: 0, offsetBytes: 0, lengthBytes: 0 };
    const file = { ...EMPTY_FILE, extents: many(65, hole) };

    it.each<[string, (base: { requestId: string; uploadId: string }) => Promise<string>]>([
      [
        '513 chunks',
        ({ uploadId: id }) =>
          codeOf(
            at.client.files.placeChunks(
              { uploadId: id, chunks: many(513, { chunkId: CHUNK_ID, lengthBytes: 1 }), avoidNodeIds: [] },
              { signal },
            ),
          ),
      ],
      [
        '513 extents',
        (base) => codeOf(at.client.files.recordExtents({ ...base, extents: many(513, hole), receipts: [] }, { signal })),
      ],
      [
        '257 receipts',
        (base) => codeOf(at.client.files.commitFiles({ ...base, files: [], receipts: many(257, receipt) }, { signal })),
      ],
      [
        'a receipt over 513 chunks',
        (base) =>
          codeOf(
            at.client.files.commitFiles(
              { ...base, files: [], receipts: [{ ...receipt, chunks: many(513, { chunkId: CHUNK_ID, lengthBytes: 1 }) }] },
              { signal },
            ),
          ),
      ],
      [
        '257 files',
        (base) => codeOf(at.client.files.commitFiles({ ...base, files: many(257, EMPTY_FILE), receipts: [] }, { signal })),
      ],
      [
        '65 extents of one file',
        (base) => onlyOutcome(at.client.files.commitFiles({ ...base, files: [file], receipts: [] }, { signal })),
      ],
      [
        '257 directories',
        ({ requestId: id }) =>
          codeOf(at.client.files.makeDirectories({ requestId: id, directories: many(257, directory) }, { signal })),
      ],
      [
        '257 symlinks',
        ({ requestId: id }) => codeOf(at.client.files.makeSymlinks({ requestId: id, symlinks: many(257, symlink) }, { signal })),
      ],
      [
        '257 changes',
        ({ requestId: id }) =>
          codeOf(at.client.files.setAttributes({ requestId: id, changes: many(257, { path: '/' }) }, { signal })),
      ],
      ['257 files to read', async () => codeOf(firstPage(many(257, target)))],
      [
        '513 reports',
        () =>
          codeOf(
            at.client.files.reportDamage(
              { copies: many(513, { chunkId: CHUNK_ID, nodeId: 'nodenodenodenode', code: '' }) },
              { signal },
            ),
          ),
      ],
    ])('%s', async (_what, call) => {
      const before = await at.head();
      expect(await call({ requestId: requestId(), uploadId: at.uploadId })).toBe('LIMIT_EXCEEDED');
      expect(await at.head()).toBe(before);
    });

    async function firstPage(targets: (typeof target)[]): Promise<void> {
      for await (const _page of at.client.files.readFiles({ targets }, { signal })) return;
    }

    it('uploads open at once', async () => {
      const other = await at.world.joinClient('greedy');
      const open = (): Promise<string> =>
        codeOf(other.files.openUpload({ requestId: requestId(), copies: 1, expectedBytes: 0 }, { signal }));
      const codes = await Promise.all(Array.from({ length: LIMITS.openUploadsPerClient + 1 }, open));
      expect(codes.filter((code) => code === 'LIMIT_EXCEEDED')).toHaveLength(1);
      expect(codes.filter((code) => code === 'OK')).toHaveLength(LIMITS.openUploadsPerClient);
    });
  });
}

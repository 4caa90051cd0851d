import { describe, expect, it } from 'vitest';
import type { Besieged } from '../support/besieged.js';
import { codeOf, EMPTY_FILE, NAMED_CALLS, onlyOutcome, requestFields, requestId } from '../support/requests.js';

const signal = new AbortController().signal;
const CHUNK_ID = `01${'ab'.repeat(32)}`;

export function idRules(at: Besieged): void {
  describe('ids that are none', () => {
    it('are tried with every request that carries a request id', () => {
      expect(Object.keys(NAMED_CALLS).sort()).toEqual([...requestFields(/^request_id$/)].sort());
    });

    it.each(['', 'a/b', '../x', 'a b', 'ä', 'a\0b', 'a'.repeat(49), 'a'.repeat(500_000)])('request id %#', async (id) => {
      const before = await at.head();
      const codes = await Promise.all(
        Object.entries(NAMED_CALLS).map(async ([field, call]) => [field, await call(at.client, id, at.uploadId)]),
      );
      expect(new Set(codes.map(([, code]) => code))).toEqual(new Set(['REQUEST_INVALID']));
      expect(await at.head()).toBe(before);
    });

    const BAD_CHUNK_IDS = [
      '/etc/passwd',
      '../../../../etc/passwd',
      `01/${'ab'.repeat(31)}a`,
      `02${'ab'.repeat(32)}`,
      `01${'AB'.repeat(32)}`,
      `${CHUNK_ID}00`,
      `${CHUNK_ID}\0`,
      'x'.repeat(100_000),
    ];

    it.each(BAD_CHUNK_IDS)('chunk id %#', async (chunkId) => {
      const { files } = at.client;
      const chunk = { chunkId, lengthBytes: 10 };
      const extent = { chunkId, offsetBytes: 0, lengthBytes: 10 };
      const receipt = { nodeId: 'nodenodenodenode', signedReceipt: new Uint8Array(195), chunks: [chunk] };
      const base = { requestId: requestId(), uploadId: at.uploadId };
      const file = { ...EMPTY_FILE, path: '/chunk', sizeBytes: 10, extents: [extent] };
      const before = await at.head();
      expect(await codeOf(files.placeChunks({ uploadId: at.uploadId, chunks: [chunk], avoidNodeIds: [] }, { signal }))).toBe(
        'REQUEST_INVALID',
      );
      expect(await codeOf(files.recordExtents({ ...base, extents: [extent], receipts: [] }, { signal }))).toBe('REQUEST_INVALID');
      expect(await codeOf(files.recordExtents({ ...base, extents: [], receipts: [receipt] }, { signal }))).toBe(
        'REQUEST_INVALID',
      );
      expect(await onlyOutcome(files.commitFiles({ ...base, files: [file], receipts: [] }, { signal }))).toBe('REQUEST_INVALID');
      expect(await codeOf(files.commitFiles({ ...base, files: [file], receipts: [receipt] }, { signal }))).toBe(
        'REQUEST_INVALID',
      );
      const copies = [{ chunkId, nodeId: 'nodenodenodenode', code: 'CHUNK_DAMAGED' }];
      expect(await codeOf(files.reportDamage({ copies }, { signal }))).toBe('REQUEST_INVALID');
      expect(await at.head()).toBe(before);
    });

    it.each(['', '/', '../../nodes', 'NODENODENODENODE', 'x'.repeat(100_000)])('node id %#', async (nodeId) => {
      const { files, admin } = at.client;
      const receipt = { nodeId, signedReceipt: new Uint8Array(195), chunks: [{ chunkId: CHUNK_ID, lengthBytes: 1 }] };
      const commit = { requestId: requestId(), uploadId: at.uploadId, files: [EMPTY_FILE], receipts: [receipt] };
      expect(await codeOf(files.commitFiles(commit, { signal }))).toBe('REQUEST_INVALID');
      const copies = [{ chunkId: CHUNK_ID, nodeId, code: '' }];
      expect(await codeOf(files.reportDamage({ copies }, { signal }))).toBe('REQUEST_INVALID');
      expect(await codeOf(admin.getNode({ node: nodeId }, { signal }))).toBe('NOT_FOUND');
      // Those to avoid are only a wish.
      const place = files.placeChunks({ uploadId: at.uploadId, chunks: [], avoidNodeIds: [nodeId] }, { signal });
      expect(await codeOf(place)).toBe('NOT_ENOUGH_NODES');
    });

    it.each(['', '/', '../..', 'UPLOADUPLOADUPLOADUPLOADUA', 'x'.repeat(100_000)])('upload id %#', async (id) => {
      const { files } = at.client;
      const base = { requestId: requestId(), uploadId: id };
      const codes = [
        await codeOf(files.placeChunks({ uploadId: id, chunks: [], avoidNodeIds: [] }, { signal })),
        await codeOf(files.recordExtents({ ...base, extents: [], receipts: [] }, { signal })),
        await codeOf(files.commitFiles({ ...base, files: [EMPTY_FILE], receipts: [] }, { signal })),
        await codeOf(files.closeUpload({ ...base, abandoned: true }, { signal })),
      ];
      expect(codes).toEqual(['UPLOAD_UNKNOWN', 'UPLOAD_UNKNOWN', 'UPLOAD_UNKNOWN', 'UPLOAD_UNKNOWN']);
    });

    it('extent lists', async () => {
      for (const id of ['/etc/passwd', 'x', 'ab'.repeat(33), 'AB'.repeat(32)]) {
        const file = { ...EMPTY_FILE, extentListIds: [id] };
        const commit = at.client.files.commitFiles(
          { requestId: requestId(), uploadId: at.uploadId, files: [file], receipts: [] },
          { signal },
        );
        expect(await onlyOutcome(commit)).toBe('REQUEST_INVALID');
      }
    });
  });

  describe('another client', () => {
    it('cannot use an upload that is not its own, and learns nothing of it', async () => {
      const other = await at.world.joinClient('tablet');
      const { files } = other;
      const messageOf = async (id: string): Promise<string> => {
        const attempt = files.placeChunks({ uploadId: id, chunks: [], avoidNodeIds: [] }, { signal });
        return attempt.then(
          () => 'OK',
          (error: Error) => error.message,
        );
      };
      expect(await messageOf(at.uploadId)).toBe(await messageOf('a'.repeat(26)));
      const base = { requestId: requestId(), uploadId: at.uploadId };
      const hole = { offsetBytes: 0, lengthBytes: 9, chunkId: '' };
      expect(await codeOf(files.recordExtents({ ...base, extents: [hole], receipts: [] }, { signal }))).toBe('UPLOAD_UNKNOWN');
      expect(await onlyOutcome(files.commitFiles({ ...base, files: [EMPTY_FILE], receipts: [] }, { signal }))).toBe(
        'UPLOAD_UNKNOWN',
      );
      expect(await codeOf(files.closeUpload({ ...base, abandoned: true }, { signal }))).toBe('UPLOAD_UNKNOWN');
      expect(await codeOf(at.client.files.placeChunks({ uploadId: at.uploadId, chunks: [], avoidNodeIds: [] }, { signal }))).toBe(
        'NOT_ENOUGH_NODES',
      );
    });

    it('may use the same request ids: they are told apart by who asks', async () => {
      const other = await at.world.joinClient('phone');
      const request = { requestId: 'the-same', copies: 1, expectedBytes: 0 };
      const [mine, theirs] = [
        await at.client.files.openUpload(request, { signal }),
        await other.files.openUpload(request, { signal }),
      ];
      expect(theirs.uploadId).not.toBe(mine.uploadId);
    });
  });
}

import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ChunkId, MemberId, UploadId } from '../../../src/base/index.js';
import { decodeFooter, encodeFooter } from '../../../src/chunks/store/chunk-footer.js';
import {
  decodeChunk,
  decodeHold,
  decodeState,
  encodeChunk,
  encodeHold,
  encodeState,
} from '../../../src/chunks/store/index-rows.js';
import {
  decodeGroupBody,
  decodeGroupHeader,
  decodeSegmentHeader,
  encodeGroup,
  encodeSegmentHeader,
  GROUP_HEADER_BYTES,
} from '../../../src/chunks/store/journal-format.js';
import {
  decodeRecordHeader,
  encodePackHeader,
  encodeRecordHeader,
  isPackHeader,
  RECORD_HEADER_BYTES,
} from '../../../src/chunks/store/pack-record.js';
import type { HoldRecord } from '../../../src/chunks/store/types.js';

const CHUNK = `01${'c3'.repeat(32)}` as ChunkId;
const ORIGIN = `${'m'.repeat(51)}a` as MemberId;
const RECORDS: readonly HoldRecord[] = [
  {
    origin: ORIGIN,
    chunkId: CHUNK,
    lengthBytes: 4_194_304,
    uploadId: `${'u'.repeat(25)}a` as UploadId,
    expiresAtMs: 1_900_000_000_000,
    location: { kind: 'file' },
  },
  {
    origin: ORIGIN,
    chunkId: CHUNK,
    lengthBytes: 7,
    uploadId: 'a'.repeat(26) as UploadId,
    expiresAtMs: 0,
    location: { kind: 'pack', pack: 3, offset: 4096 },
  },
];
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function footerPage(): Uint8Array {
  const page = new Uint8Array(4096).fill(0xff);
  encodeFooter(page, { chunkId: CHUNK, lengthBytes: 70_000, origin: ORIGIN, leafHashes: new Uint8Array(64).fill(9) });
  return page;
}

function journalGroup(): Uint8Array {
  const bytes = new Uint8Array(4096);
  return bytes.subarray(0, encodeGroup(bytes, 2, 17, RECORDS));
}

function recordHeader(): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEADER_BYTES);
  encodeRecordHeader(bytes, 0, { chunkId: CHUNK, lengthBytes: 65_536, origin: ORIGIN });
  return bytes;
}

const page = (fill: (bytes: Uint8Array) => void): Uint8Array => {
  const bytes = new Uint8Array(4096);
  fill(bytes);
  return bytes;
};

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  const at = (bit >> 3) % copy.length;
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

describe('format 1 of the node store', () => {
  it('keeps the bytes it was published with', () => {
    expect(Buffer.from(recordHeader()).toString('hex')).toBe(
      '434c505201c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3000100006318c6318c6318c6318c6318c6318c6318c6318c6318c6318c6318c6318c6318000000ad26d05f',
    );
    expect(Buffer.from(journalGroup()).toString('hex')).toBe(
      '434c4a4700000002000000000000001100000002000000daebc8f7ae8bc28efd010100656318c6318c6318c6318c6318c6318c6318c6318c6318c6318c6318c6318c631801c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c300400000a5294a5294a5294a5294a5294a5294a0000001ba60d338000000000000000000ef427b4f010100656318c6318c6318c6318c6318c6318c6318c6318c6318c6318c6318c6318c631801c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3000000070000000000000000000000000000000000000000000000000000000300001000af24eb56',
    );
    expect(sha256(footerPage())).toBe('79b344c48ea199c6d1c6e5432eaff4d041747c22fe632d0019401327022643b4');
    expect(sha256(page((bytes) => encodePackHeader(bytes, 12)))).toBe(
      '74947c94f0f36b01dfba28594a28cfc6ca317d3af78848c15fe04ee08fc52993',
    );
    expect(sha256(page((bytes) => encodeSegmentHeader(bytes, { segment: 2, firstGroup: 17 })))).toBe(
      '92ecb5cb7b3984f014f2513ec9fe3437e2a7dc0100c5bce1a4613f50e4a5decc',
    );
  });

  it('reads what it wrote', () => {
    expect(decodeFooter(footerPage())).toEqual({
      chunkId: CHUNK,
      lengthBytes: 70_000,
      origin: ORIGIN,
      leafHashes: new Uint8Array(64).fill(9),
    });
    expect(decodeRecordHeader(recordHeader(), 0)).toEqual({ chunkId: CHUNK, lengthBytes: 65_536, origin: ORIGIN });
    expect(
      isPackHeader(
        page((bytes) => encodePackHeader(bytes, 12)),
        12,
      ),
    ).toBe(true);
    expect(
      isPackHeader(
        page((bytes) => encodePackHeader(bytes, 12)),
        13,
      ),
    ).toBe(false);
    expect(decodeSegmentHeader(page((bytes) => encodeSegmentHeader(bytes, { segment: 2, firstGroup: 17 })))).toEqual({
      segment: 2,
      firstGroup: 17,
    });
    const group = journalGroup();
    const header = decodeGroupHeader(group, 2);
    expect(header).toMatchObject({ segment: 2, group: 17, records: 2, bytes: group.length - GROUP_HEADER_BYTES });
    expect(header && decodeGroupBody(header, group.subarray(GROUP_HEADER_BYTES))).toEqual({ records: RECORDS, whole: true });
    expect(decodeGroupHeader(group, 3)).toBeUndefined();
  });

  it('notices every flipped bit', () => {
    const key = Uint8Array.of(1, 2, 3);
    const rows: readonly (readonly [Uint8Array, (bytes: Uint8Array) => unknown])[] = [
      [footerPage(), decodeFooter],
      [recordHeader(), (bytes) => decodeRecordHeader(bytes, 0)],
      [page((bytes) => encodeSegmentHeader(bytes, { segment: 2, firstGroup: 17 })).slice(0, 24), decodeSegmentHeader],
      [journalGroup().slice(0, GROUP_HEADER_BYTES), (bytes) => decodeGroupHeader(bytes, 2)],
      [encodeChunk(key, { lengthBytes: 5, location: { kind: 'file' } }), (bytes) => decodeChunk(key, bytes)],
      [encodeHold(key, { uploadId: 'a'.repeat(26) as UploadId, expiresAtMs: 5 }), (bytes) => decodeHold(key, bytes)],
      [
        encodeState({
          journal: { segment: 1, offset: 4096, group: 1 },
          chunks: 1,
          chunkBytes: 2,
          holds: 3,
          rowSum: 4,
          unsettled: true,
        }),
        decodeState,
      ],
    ];
    fc.assert(
      fc.property(fc.nat(rows.length - 1), fc.nat(32_767), (which, bit) => {
        const [bytes, decode] = rows[which] ?? [new Uint8Array(1), () => undefined];
        expect(decode(bytes)).toBeDefined();
        expect(decode(flipped(bytes, bit))).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('gives up only the records of a group that are damaged', () => {
    const group = journalGroup();
    const header = decodeGroupHeader(group, 2);
    const body = flipped(group.subarray(GROUP_HEADER_BYTES), 8 * 20);
    expect(header && decodeGroupBody(header, body)).toEqual({ records: RECORDS.slice(1), whole: false });
  });

  it('takes a row under another key for damaged', () => {
    const row = encodeHold(Uint8Array.of(1), { uploadId: 'a'.repeat(26) as UploadId, expiresAtMs: 5 });
    expect(decodeHold(Uint8Array.of(2), row)).toBeUndefined();
  });
});

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChunkId } from '../../../src/base/index.js';
import { chunkListDigest, type ListedChunk } from '../../../src/identity/index.js';
import { hasher } from './support.js';

const chunkId = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((root) => `01${Buffer.from(root).toString('hex')}` as ChunkId);
const chunk: fc.Arbitrary<ListedChunk> = fc.record({ chunkId, lengthBytes: fc.nat({ max: 0xffff_ffff }) });

describe('the digest of a list of chunks', () => {
  it('is SHA-256 over the documented bytes', () => {
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 20 }), (chunks) => {
        const parts = [Buffer.from('collective/chunk-list/v1\0'), Buffer.alloc(4)];
        parts[1]?.writeUInt32BE(chunks.length);
        for (const { chunkId: id, lengthBytes } of chunks) {
          const length = Buffer.alloc(4);
          length.writeUInt32BE(lengthBytes);
          parts.push(Buffer.from(id, 'hex'), length);
        }
        const expected = createHash('sha256').update(Buffer.concat(parts)).digest();
        expect(chunkListDigest(chunks, hasher)).toEqual(new Uint8Array(expected));
      }),
    );
  });

  it('differs for another order, length, id or count', () => {
    fc.assert(
      fc.property(chunk, chunk, (first, second) => {
        fc.pre(first.chunkId !== second.chunkId && first.lengthBytes !== second.lengthBytes);
        const lists = [[], [first], [second], [first, second], [second, first], [{ ...first, lengthBytes: second.lengthBytes }]];
        const digests = lists.map((list) => Buffer.from(chunkListDigest(list, hasher)).toString('hex'));
        expect(new Set(digests).size).toBe(lists.length);
      }),
    );
  });
});

import { LIMITS } from '../../../base/index.js';
import type { Extent } from '../../catalogue/index.js';
import { list, optional, record, type Field } from '../field.js';
import { chunkId, integer } from '../fields.js';
import { WireProblem } from '../wire-value.js';

/**
 * Reserved: `encoding` for codec, cipher, key id and plain length (nil: the chunk's bytes are the file's), `kept` for stripe
 * and shard (nil: whole copies).
 */
const extent: Field<Extent> = record<Extent>(
  {
    offsetBytes: integer(0, LIMITS.fileBytes - 1),
    lengthBytes: integer(1, LIMITS.fileBytes),
    chunkId: optional(chunkId),
  },
  {
    reserved: ['encoding', 'kept'],
    check: ({ offsetBytes, lengthBytes, chunkId: chunk }) => {
      if (offsetBytes + lengthBytes > LIMITS.fileBytes) return 'an extent ends beyond the longest file';
      return chunk !== undefined && lengthBytes > LIMITS.chunkBytesLarge ? 'a chunk is longer than the longest' : undefined;
    },
  },
);

/** Ordered and adjacent extents. */
export const extents = (min: number, max: number): Field<readonly Extent[]> => {
  const plain = list(extent, min, max);
  return {
    toWire: (values) => plain.toWire(adjacent(values)),
    fromWire: (wire) => adjacent(plain.fromWire(wire)),
  };
};

function adjacent(values: readonly Extent[]): readonly Extent[] {
  let end = values[0]?.offsetBytes;
  for (const { offsetBytes, lengthBytes } of values) {
    if (offsetBytes !== end) throw new WireProblem('the extents are not adjacent');
    end = offsetBytes + lengthBytes;
  }
  return values;
}

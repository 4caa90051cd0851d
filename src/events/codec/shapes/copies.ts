import { LIMITS, type ChunkId } from '../../../base/index.js';
import { list, record, type Field } from '../field.js';
import { chunkId, integer } from '../fields.js';

interface CopiedChunk {
  readonly chunkId: ChunkId;
  readonly lengthBytes: number;
  readonly holders: readonly number[];
}

/** Chunks, each with the places of its holders in a list of at most so many. */
export const copiedChunks = (holdersListed: number): Field<readonly CopiedChunk[]> =>
  list(
    record<CopiedChunk>({
      chunkId,
      lengthBytes: integer(1, LIMITS.chunkBytesLarge),
      holders: list(integer(0, holdersListed - 1), 1, LIMITS.copiesMax),
    }),
    1,
    LIMITS.chunksPerCall,
  );

/** Each copy is named once: a holder of the list, not repeated within a chunk. */
export function copiesProblem(listed: readonly string[], chunks: readonly CopiedChunk[]): string | undefined {
  for (const { holders } of chunks) {
    if (holders.some((holder) => holder >= listed.length)) return 'a holder is not in the list';
    if (new Set(holders).size !== holders.length) return 'a chunk names a holder twice';
  }
  return new Set(listed).size === listed.length ? undefined : 'a holder is listed twice';
}

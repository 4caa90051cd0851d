import { CollectiveError, isChunkId, LIMITS, toCollectiveError } from '../../base/index.js';
import type { ChunkEntry } from '../../chunks/index.js';
import { type DialNodeOptions, dialNode, type FetchSource } from '../../transport/index.js';

/** This node's own: no other source helps. */
export const OWN_FAULTS: ReadonlySet<string> = new Set(['NODE_FULL', 'NODE_READ_ONLY', 'CANCELLED']);

/**
 * Gets those of the wanted chunks that the source covers, each held against its id. Throws the last failure once it has tried them
 * all.
 */
export async function getFrom(
  options: DialNodeOptions,
  { access, chunks }: FetchSource,
  wanted: readonly ChunkEntry[],
  signal: AbortSignal,
  take: (chunk: ChunkEntry, bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  if (access === undefined) throw malformed('has a source that is nowhere');
  const covered = chunks.map(entryOf);
  const ids = new Set<string>(covered.map(({ chunkId }) => chunkId));
  const asked = wanted.filter(({ chunkId }) => ids.has(chunkId));
  if (asked.length === 0) return;
  const connection = await dialNode(options, access, signal);
  try {
    const slot = await connection.presentTicket({ ticket: access.ticket, chunks: covered }, { signal });
    let failure: CollectiveError | undefined;
    let stopped = false;
    const waiting = [...asked];
    const work = async (): Promise<void> => {
      for (let chunk = waiting.shift(); chunk !== undefined && !stopped; chunk = waiting.shift()) {
        try {
          await take(chunk, await connection.get(slot, chunk, new Uint8Array(chunk.lengthBytes), { signal }));
        } catch (error) {
          failure = toCollectiveError(error);
          stopped ||= signal.aborted || !connection.usable || OWN_FAULTS.has(failure.code);
          if (stopped) throw error;
        }
      }
    };
    // All of them end before this does: none may go on storing what nobody waits for any more.
    const ended = await Promise.allSettled(Array.from({ length: LIMITS.fetchesInFlight }, work));
    const fault = ended.find((each) => each.status === 'rejected');
    if (fault !== undefined) throw fault.reason;
    if (failure !== undefined) throw failure;
  } finally {
    connection.close();
  }
}

export function entryOf({ chunkId, lengthBytes }: { readonly chunkId: string; readonly lengthBytes: number }): ChunkEntry {
  if (isChunkId(chunkId) && lengthBytes > 0 && lengthBytes <= LIMITS.chunkBytesLarge) return { chunkId, lengthBytes };
  throw malformed('names what is no chunk');
}

export const malformed = (why: string): CollectiveError => new CollectiveError('REQUEST_INVALID', `The order to fetch ${why}.`);

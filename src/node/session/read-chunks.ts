import { type ChunkId, LIMITS, toCollectiveError } from '../../base/index.js';
import type { Logger, Timers } from '../../ports/index.js';
import type { DialNodeOptions, ReadOrder } from '../../transport/index.js';
import { entryOf, getFrom, malformed } from './get-from.js';

/**
 * Reads the chunks of an order whole at whoever has them, and keeps nothing: those that came, and were what their ids say. In
 * LIMITS.copyProofMs at most, since other such orders wait. Error: REQUEST_INVALID.
 */
export async function readChunks(
  options: DialNodeOptions & { readonly timers: Timers; readonly logger: Logger },
  order: ReadOrder,
  signal: AbortSignal,
): Promise<readonly ChunkId[]> {
  if (order.chunks.length > LIMITS.chunksPerFetch || order.sources.length > LIMITS.fetchSources) throw malformed('is too long');
  const chunks = order.chunks.map(entryOf);
  const came = new Set<ChunkId>();
  const late = new AbortController();
  const timer = options.timers.after(LIMITS.copyProofMs, () => late.abort());
  const ending = AbortSignal.any([signal, late.signal]);
  try {
    for (const source of order.sources) {
      const wanted = chunks.filter(({ chunkId }) => !came.has(chunkId));
      if (wanted.length === 0 || ending.aborted) break;
      try {
        await getFrom(options, source, wanted, ending, ({ chunkId }) => {
          came.add(chunkId);
          return Promise.resolve();
        });
      } catch (error) {
        options.logger.info('chunks could not be read at a node', {
          node: source.access?.name ?? '',
          error: toCollectiveError(error),
        });
      }
    }
  } finally {
    timer.cancel();
  }
  return [...came];
}

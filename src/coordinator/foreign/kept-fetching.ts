import { LIMITS, type MemberId, type NodeId, toBase32, toCollectiveError, type UploadId } from '../../base/index.js';
import { type Candidate, NodeChoice } from '../../domain/index.js';
import type { Logger, Random } from '../../ports/index.js';
import type { FetchSource } from '../../transport/index.js';
import type { PlacementOffice } from '../files/placement-office.js';
import type { CopyFetcher } from './copy-fetcher.js';
import type { ListedChunk } from './member-sources.js';

export interface KeptFetchingOptions {
  readonly placement: PlacementOffice;
  readonly fetcher: CopyFetcher;
  readonly random: Random;
  readonly logger: Logger;
}

/** What a node is to fetch, and from where. */
export type SourcesFor = (
  chunks: readonly ListedChunk[],
  nodeKeyHash: Uint8Array,
  signal: AbortSignal,
) => Promise<readonly FetchSource[]>;

export interface Fetched {
  readonly nodeId: NodeId;
  readonly uploadId: UploadId;
  readonly chunks: readonly ListedChunk[];
}

const UPLOAD_ID_BYTES = 16;
const NOBODY: ReadonlySet<NodeId> = new Set();

/** Has chunks of another member fetched by own nodes that have room for them. */
export class KeptFetching {
  readonly #options: KeptFetchingOptions;

  constructor(options: KeptFetchingOptions) {
    this.#options = options;
  }

  /** What came, node by node as it is durable there. Less than all where there is no room, or no whole copy. Error: CANCELLED. */
  async *fetch(
    origin: MemberId,
    chunks: readonly ListedChunk[],
    sourcesFor: SourcesFor,
    signal: AbortSignal,
  ): AsyncGenerator<Fetched> {
    const { placement, fetcher, random, logger } = this.#options;
    const { candidates } = await placement.usable(1, signal);
    const choice = new NodeChoice(candidates, NOBODY);
    const byNode = new Map<NodeId, ListedChunk[]>();
    for (const chunk of chunks) {
      const chosen: Candidate[] = [];
      choice.add({ ...chunk, holders: [] }, chosen, { wanted: 1, needed: 0 });
      const nodeId = chosen[0]?.nodeId;
      if (nodeId !== undefined) byNode.set(nodeId, [...(byNode.get(nodeId) ?? []), chunk]);
    }
    const uploadId = toBase32(random.bytes(UPLOAD_ID_BYTES)) as UploadId;
    for (const [nodeId, list] of byNode) {
      for (let start = 0; start < list.length; start += LIMITS.chunksPerFetch) {
        const some = list.slice(start, start + LIMITS.chunksPerFetch);
        try {
          const [keyHash] = await fetcher.keyHashesOf([nodeId]);
          const sources = keyHash === undefined ? [] : await sourcesFor(some, keyHash, signal);
          if (sources.length === 0) continue;
          const { chunks: got } = await fetcher.fetch({ nodeId, origin, uploadId, chunks: some, sources }, signal);
          if (got.length > 0) yield { nodeId, uploadId, chunks: got };
        } catch (error) {
          if (signal.aborted) throw error;
          const reason = toCollectiveError(error);
          logger.info('an own node could not fetch what is kept for a member', { nodeId, origin, error: reason });
        }
      }
    }
  }
}

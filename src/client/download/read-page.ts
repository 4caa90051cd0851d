import { CollectiveError, isChunkId, LIMITS } from '../../base/index.js';
import type { ChunkEntry } from '../../chunks/index.js';
import type { NodeAccess, PlacedExtent, ReadFilesResponse } from '../../transport/index.js';
import type { NodeRight } from '../nodes/node-channel.js';

/** A node that holds a chunk, and the right to read it there. */
export interface ChunkSource {
  readonly access: NodeAccess;
  readonly right: NodeRight;
}

/** A chunk of a file and where it is. */
export interface PlacedChunk {
  readonly chunk: ChunkEntry;
  readonly offsetBytes: number;
  /** In the order to try. */
  readonly sources: readonly ChunkSource[];
  /** Where nobody has it any more: who had it. */
  readonly holderNames: readonly string[];
  /** Members that keep a copy, and whose coordinators did not say where. */
  readonly awayNames: readonly string[];
  /** Members that keep a copy, and do not let this one in. */
  readonly refusingNames: readonly string[];
  /** By the coordinator's word none of them has been here for longer than anybody waits. */
  readonly outOfReach: boolean;
}

/** Makes the sources of a page's chunks: a node's ticket covers those that it holds, in order of first mention. */
export function sourcesOf(page: ReadFilesResponse): (extent: PlacedExtent) => PlacedChunk {
  const lists = page.nodes.map((): Map<string, ChunkEntry> => new Map());
  for (const extent of page.extents) {
    if (extent.chunkId === '') continue;
    const { chunkId, lengthBytes } = entryOf(extent);
    for (const node of extent.nodes) {
      const list = lists[node];
      if (list !== undefined && !list.has(chunkId)) list.set(chunkId, { chunkId, lengthBytes });
    }
  }
  const sources = page.nodes.map((access, index): ChunkSource => {
    const chunks = [...(lists[index]?.values() ?? [])];
    return { access, right: { ticket: access.ticket, chunks } };
  });
  return (extent) => ({
    chunk: entryOf(extent),
    offsetBytes: extent.offsetBytes,
    sources: extent.nodes.map((node) => sources[node]).filter((source) => source !== undefined),
    holderNames: extent.holderNames,
    awayNames: extent.awayNames,
    refusingNames: extent.refusingNames,
    outOfReach: extent.outOfReach === true,
  });
}

/** Error: PROTOCOL_ERROR. */
function entryOf({ chunkId, lengthBytes }: PlacedExtent): ChunkEntry {
  if (isChunkId(chunkId) && lengthBytes > 0 && lengthBytes <= LIMITS.chunkBytesLarge) return { chunkId, lengthBytes };
  throw new CollectiveError('PROTOCOL_ERROR', 'The coordinator named something as a chunk that cannot be one.');
}

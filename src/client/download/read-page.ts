import type { ChunkRef, NodeAccess, PlacedExtent, ReadFilesResponse } from '../../transport/index.js';
import type { ReadRight } from '../nodes/node-channel.js';

/** A node that holds a chunk, and the right to read it there. */
export interface ChunkSource {
  readonly access: NodeAccess;
  readonly right: ReadRight;
}

/** A chunk of a file and where it is. */
export interface PlacedChunk {
  readonly chunk: ChunkRef;
  readonly offsetBytes: number;
  /** In the order to try. */
  readonly sources: readonly ChunkSource[];
  /** Where nobody can be reached: who should have it. */
  readonly holderNames: readonly string[];
}

/** Makes the sources of a page's chunks: a node's ticket covers those that it holds, in order of first mention. */
export function sourcesOf(page: ReadFilesResponse): (extent: PlacedExtent) => PlacedChunk {
  const lists = page.nodes.map((): Map<string, ChunkRef> => new Map());
  for (const { chunkId, lengthBytes, nodes } of page.extents) {
    for (const node of nodes) {
      const list = lists[node];
      if (list !== undefined && !list.has(chunkId)) list.set(chunkId, { chunkId, lengthBytes });
    }
  }
  const sources = page.nodes.map((access, index): ChunkSource => {
    const chunks = [...(lists[index]?.values() ?? [])];
    return { access, right: { ticket: access.ticket, chunks } };
  });
  return ({ chunkId, lengthBytes, offsetBytes, nodes, holderNames }) => ({
    chunk: { chunkId, lengthBytes },
    offsetBytes,
    sources: nodes.map((node) => sources[node]).filter((source) => source !== undefined),
    holderNames,
  });
}

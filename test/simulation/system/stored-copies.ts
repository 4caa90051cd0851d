import { LIMITS, type ChunkId } from '../../../src/base/index.js';
import { chunkIdBytes } from '../../../src/chunks/index.js';
import type { SimFileSystem } from '../ports/index.js';
import { STORE_PATH } from './node-host.js';

/**
 * What of a copy that a node has signed for a power cut now could take away; undefined if nothing. Looked up in the files' bytes
 * as docs/node-store-format.md describes them, without the program that wrote them.
 */
export function missingOnDisk(disk: SimFileSystem, chunkId: ChunkId, bytes: Uint8Array): string | undefined {
  const durable = (folder: string): readonly Buffer[] =>
    disk.filesBelow(`${STORE_PATH}/${folder}`).flatMap((path) => {
      const content = disk.durableContentOf(path);
      return content === undefined ? [] : [Buffer.from(content.buffer, content.byteOffset, content.length)];
    });
  const id = chunkIdBytes(chunkId);
  if (!durable('journal').some((segment) => segment.includes(Buffer.from(id)))) return 'the hold in its journal';
  if (bytes.length <= LIMITS.chunkBytesSmall) {
    return durable('packs').some((pack) => pack.includes(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)))
      ? undefined
      : 'the bytes in a pack';
  }
  const file = disk.durableContentOf(`${STORE_PATH}/chunks/${chunkId.slice(2, 4)}/${chunkId}`);
  return file !== undefined && Buffer.compare(file.subarray(0, bytes.length), bytes) === 0 ? undefined : 'the file of the chunk';
}

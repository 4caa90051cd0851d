import { CollectiveError, equalBytes } from '../../base/index.js';
import type { FileSystem } from '../../ports/index.js';
import type { ChunkReader } from './chunk-reader.js';
import { closing } from './chunk-files.js';
import { throwIfAborted } from './failures.js';
import type { IndexKeeper } from './index-keeper.js';
import { PAGE_BYTES, type StoreLayout } from './layout.js';
import type { PackReader } from './pack-reader.js';

const PROBE_BYTES = 16 * PAGE_BYTES;

/** Writes, syncs, reads back and removes a file. Throws FileSystemError, or IO_FAILED if other bytes come back. */
export async function probeDisk(fileSystem: FileSystem, layout: StoreLayout, number: number): Promise<void> {
  const path = layout.temporaryFile(number);
  const written = fileSystem.alignedBuffer(PROBE_BYTES);
  for (let at = 0; at < PROBE_BYTES; at += 1) written[at] = (at * 31 + (at >> 12) * 17 + number) & 0xff;
  const handle = await fileSystem.open(path, 'create-new', { direct: true });
  const read = new Uint8Array(PROBE_BYTES);
  let bytes: number;
  try {
    await closing(handle, async () => {
      await handle.write(written, 0);
      await handle.sync();
    });
    await fileSystem.syncDirectory(layout.temporary);
    const again = await fileSystem.open(path, 'read');
    bytes = await closing(again, () => again.read(read, 0));
  } finally {
    await fileSystem.unlink(path);
  }
  if (bytes !== PROBE_BYTES || !equalBytes(read, written)) {
    throw new CollectiveError('IO_FAILED', 'The disk gave back other bytes than were written.', { next: 'Replace the disk.' });
  }
}

/** Re-hashes every chunk that the index places in these packs: what was synced into them before a sync failed. */
export async function verifyPacks(
  parts: { readonly packs: PackReader; readonly index: IndexKeeper; readonly reader: ChunkReader },
  suspects: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  const { packs, index, reader } = parts;
  for (const pack of suspects) {
    for await (const { chunkId, offset } of packs.records(pack)) {
      throwIfAborted(signal);
      const [chunk] = await index.use((rows) => rows.chunks([chunkId]));
      const placedHere = chunk?.location.kind === 'pack' && chunk.location.pack === pack && chunk.location.offset === offset;
      if (placedHere) await reader.verify(chunkId, signal);
    }
  }
}

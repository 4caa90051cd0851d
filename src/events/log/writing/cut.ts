import type { FileSystem } from '../../../ports/index.js';
import { BlockWriter, refusingFullDisk } from './block-writer.js';
import { segmentFile } from '../files/file-names.js';
import { writeKeys } from '../files/keys-file.js';
import { writerOptions } from '../open.js';
import { quarantine } from '../mending/quarantine.js';
import type { StoredLog } from '../stored-log.js';
import type { LogCopyOptions } from '../types.js';

/**
 * Takes what is held after an event out of the log and puts it aside, in `quarantine`, as segments. A crash leaves the log as it
 * was, or shorter by whole blocks, never shorter than the cut; what was taken out is in quarantine before. Only within
 * `exclusively`; whatever fails here leaves a log that has to be opened again. The event is the last one of a held block.
 */
export async function cutAfter(options: LogCopyOptions, stored: StoredLog, sequence: number): Promise<void> {
  const { fileSystem, directory } = options;
  const { segments } = stored.snapshot;
  await refusingFullDisk(() => quarantine(fileSystem, directory, stored, sequence));
  const { tail, chain } = await stored.standingAt(sequence);
  await stored.closeWriter();
  // Both HEAD files: neither may name what is taken away next.
  await stored.headFiles.write(tail);
  await stored.headFiles.write(tail);
  for (const segment of segments.toReversed()) {
    if (segment <= tail.segment) break;
    await fileSystem.unlink(`${directory}/${segmentFile(segment)}`);
    await fileSystem.syncDirectory(directory);
  }
  await truncateSegment(fileSystem, `${directory}/${segmentFile(tail.segment)}`, tail.endOffset);
  if (!chain.keys.equals(stored.chain.keys)) await writeKeys(fileSystem, directory, chain.identity.origin, chain.keys);
  const writer = await BlockWriter.open(writerOptions(options), tail, tail.endOffset);
  stored.resume({ tail, chain, segments: segments.filter((segment) => segment <= tail.segment), writer });
}

async function truncateSegment(fileSystem: FileSystem, path: string, length: number): Promise<void> {
  const handle = await fileSystem.open(path, 'read-write');
  try {
    await handle.truncate(length);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

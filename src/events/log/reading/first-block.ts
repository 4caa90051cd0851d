import type { FileSystem } from '../../../ports/index.js';
import { RecordReader } from './record-reader.js';
import { openSegment } from './segment-scan.js';
import { SEGMENT_HEADER_BYTES } from '../files/stored-records.js';

/** The bytes of a log's first block, not verified; undefined where no whole record holds it. Errors: those of the file system. */
export async function readFirstBlock(fileSystem: FileSystem, directory: string): Promise<Uint8Array | undefined> {
  const handle = await openSegment(fileSystem, directory, 1);
  try {
    const record = await new RecordReader(handle, await handle.size()).record(SEGMENT_HEADER_BYTES);
    return record.kind === 'record' ? record.block : undefined;
  } finally {
    await handle.close();
  }
}

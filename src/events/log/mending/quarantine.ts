import { toHex } from '../../../base/index.js';
import type { FileHandle, FileSystem } from '../../../ports/index.js';
import { placedBlocks, type PlacedBlock } from '../reading/block-source.js';
import { framed, QUARANTINE_FOLDER, quarantineFile } from '../files/file-names.js';
import { makeFolder, unlinkIfThere } from '../files/small-files.js';
import type { StoredLog } from '../stored-log.js';
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES } from '../files/stored-records.js';

/** Copies what is held after an event into `quarantine`, one file for each segment; durable when it resolves. */
export async function quarantine(fileSystem: FileSystem, directory: string, stored: StoredLog, sequence: number): Promise<void> {
  const folder = `${directory}/${QUARANTINE_FOLDER}`;
  const range = { fromSequence: sequence + 1, toSequence: stored.tail.sequence, signal: undefined };
  await makeFolder(fileSystem, folder);
  let file: QuarantineFile | undefined;
  try {
    for await (const placed of placedBlocks(stored.snapshot, range)) {
      if (file?.segment !== placed.segment) {
        await file?.finish();
        file = await QuarantineFile.create(fileSystem, folder, placed);
      }
      await file.append(placed);
    }
    await file?.finish();
    file = undefined;
  } finally {
    await file?.close();
  }
  await fileSystem.syncDirectory(folder);
}

/** A segment of blocks that are not of the log any more; named by its first block, so that doing it again makes the same file. */
class QuarantineFile {
  readonly segment: number;
  readonly #handle: FileHandle;
  #offset = SEGMENT_HEADER_BYTES;

  private constructor(segment: number, handle: FileHandle) {
    this.segment = segment;
    this.#handle = handle;
  }

  static async create(fileSystem: FileSystem, folder: string, { block, segment }: PlacedBlock): Promise<QuarantineFile> {
    const path = `${folder}/${quarantineFile(block.header.firstSequence, toHex(block.headerHash))}`;
    await unlinkIfThere(fileSystem, path);
    const handle = await fileSystem.open(path, 'create-new');
    const file = new QuarantineFile(segment, handle);
    try {
      await handle.write(encodeSegmentHeader(block.header), 0);
    } catch (error) {
      await file.close();
      throw error;
    }
    return file;
  }

  async append({ block }: PlacedBlock): Promise<void> {
    const record = framed(block.bytes);
    await this.#handle.write(record, this.#offset);
    this.#offset += record.length;
  }

  async finish(): Promise<void> {
    await this.#handle.sync();
    await this.close();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

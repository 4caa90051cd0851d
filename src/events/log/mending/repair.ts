import type { FileSystem } from '../../../ports/index.js';
import { HEAD_FILES, RECORD_BYTES_MAX, segmentFile } from '../files/file-names.js';
import { HeadFiles, type FoundHeads } from '../files/head-files.js';
import type { FoundLog, KeptBlock } from './recovery.js';
import { writeKeys } from '../files/keys-file.js';
import { unlinkIfThere, writeNewFile } from '../files/small-files.js';
import { encodeHead } from '../files/stored-records.js';
import type { LogRecovery } from '../types.js';

export interface RepairedLog {
  readonly headFiles: HeadFiles;
  /** Zeros follow the tail up to here. */
  readonly zeroedBytes: number;
  readonly recovery: LogRecovery;
}

/**
 * Makes what `findLog` found the durable state: whole blocks above HEAD are kept, a torn end is erased. Each step may be cut
 * short by a crash, and is done again by the next start.
 */
export async function repairLog(fileSystem: FileSystem, directory: string, found: FoundLog): Promise<RepairedLog> {
  const { tail, kept, tornBytes, begunSegment, heads, chain } = found;
  await writeAgain(fileSystem, directory, kept);
  if (begunSegment !== undefined) await fileSystem.unlink(`${directory}/${segmentFile(begunSegment)}`);
  if (kept.length > 0 || begunSegment !== undefined) await fileSystem.syncDirectory(directory);
  const zeroedBytes = tail.sequence === 0 ? 0 : await eraseAfter(fileSystem, directory, found);
  if (found.keysStale) await writeKeys(fileSystem, directory, chain.identity.origin, chain.keys);
  const headFiles = await openHeads(fileSystem, directory, found);
  const notices = [...found.notices];
  if (heads.otherProblem !== undefined) notices.push(`One of the two HEAD records was not readable: ${heads.otherProblem}.`);
  return { headFiles, zeroedBytes, recovery: { keptBlocks: kept.length, droppedBytes: tornBytes, notices } };
}

/** A sync that failed before the last stop may have left pages that only look durable: writing them makes the sync count. */
async function writeAgain(fileSystem: FileSystem, directory: string, kept: readonly KeptBlock[]): Promise<void> {
  for (const segment of new Set(kept.map((block) => block.segment))) {
    const handle = await fileSystem.open(`${directory}/${segmentFile(segment)}`, 'read-write');
    try {
      for (const block of kept) {
        if (block.segment !== segment) continue;
        const record = new Uint8Array(block.recordBytes);
        await handle.read(record, block.offset);
        await handle.write(record, block.offset);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

/** Up to where zeros follow the tail. */
async function eraseAfter(fileSystem: FileSystem, directory: string, { tail, batched, tornBytes }: FoundLog): Promise<number> {
  const handle = await fileSystem.open(`${directory}/${segmentFile(tail.segment)}`, 'read-write');
  try {
    if (batched && tornBytes > 0) {
      // Whole blocks may lie behind torn ones here: cutting them off is one step, which a crash does or does not.
      await handle.truncate(tail.endOffset);
      await handle.sync();
      return tail.endOffset;
    }
    const end = Math.min(await handle.size(), tail.endOffset + RECORD_BYTES_MAX);
    const rest = new Uint8Array(Math.max(0, end - tail.endOffset));
    const count = await handle.read(rest, tail.endOffset);
    if (rest.subarray(0, count).some((byte) => byte !== 0)) {
      await handle.write(new Uint8Array(rest.length), tail.endOffset);
      await handle.sync();
    }
    return end;
  } finally {
    await handle.close();
  }
}

/** An unreadable HEAD file is made anew with the tail in it, so that there are two again before anything is appended. */
async function openHeads(fileSystem: FileSystem, directory: string, found: FoundLog): Promise<HeadFiles> {
  const { heads, tail, chain } = found;
  const { origin } = chain.identity;
  if (heads.otherProblem === undefined) return rewriteHead(fileSystem, directory, found);
  const otherFile = 1 - heads.newestFile;
  const path = `${directory}/${HEAD_FILES[otherFile] ?? ''}`;
  const newest = { ...tail, origin, generation: heads.newest.generation + 1 };
  await unlinkIfThere(fileSystem, path);
  await writeNewFile(fileSystem, path, encodeHead(newest));
  await fileSystem.syncDirectory(directory);
  const restored: FoundHeads = { newest, newestFile: otherFile, otherProblem: undefined };
  return HeadFiles.open(fileSystem, directory, origin, restored);
}

/** Also where HEAD names the tail already: a sync of it that failed before the last stop only looks durable. */
async function rewriteHead(fileSystem: FileSystem, directory: string, { heads, tail, chain }: FoundLog): Promise<HeadFiles> {
  const headFiles = await HeadFiles.open(fileSystem, directory, chain.identity.origin, heads);
  try {
    await headFiles.write(tail);
    return headFiles;
  } catch (error) {
    await headFiles.close();
    throw error;
  }
}

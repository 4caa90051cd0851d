import { assert, type MemberId } from '../../../base/index.js';
import { isFileSystemError, type FileHandle, type FileSystem } from '../../../ports/index.js';
import { WireProblem } from '../../codec/index.js';
import { damaged, readingFailed } from '../damage.js';
import { HEAD_FILES } from './file-names.js';
import { closeAll, readSmallFile } from './small-files.js';
import { decodeHead, encodeHead, HEAD_BYTES, type HeadRecord, type Tail } from './stored-records.js';

export interface FoundHeads {
  /** The newest readable record. */
  readonly newest: HeadRecord;
  /** Index of the file it stands in. */
  readonly newestFile: number;
  /** What is wrong with the other file. */
  readonly otherProblem: string | undefined;
}

type Slot = { readonly head: HeadRecord } | { readonly problem: string };

/** Reads both HEAD files. Throws LOG_DAMAGED when neither is readable. */
export async function findHeads(fileSystem: FileSystem, directory: string, origin: MemberId): Promise<FoundHeads> {
  const slots = await readHeads(fileSystem, directory, origin);
  let found: FoundHeads | undefined;
  for (const [index, slot] of slots.entries()) {
    const other = slots[1 - index];
    if (!('head' in slot) || (found !== undefined && found.newest.generation >= slot.head.generation)) continue;
    const otherProblem = other === undefined || 'head' in other ? undefined : other.problem;
    found = { newest: slot.head, newestFile: index, otherProblem };
  }
  if (found !== undefined) return found;
  const problems = slots.map((slot) => ('problem' in slot ? slot.problem : '')).join('; ');
  throw damaged({ directory, file: HEAD_FILES[0], offset: 0, sequence: 0 }, `neither HEAD file can be used: ${problems}`);
}

/** Both files, in order. */
export async function readHeads(fileSystem: FileSystem, directory: string, origin: MemberId): Promise<readonly Slot[]> {
  const slots: Slot[] = [];
  for (const file of HEAD_FILES) slots.push(await readSlot(fileSystem, `${directory}/${file}`, origin, file));
  return slots;
}

async function readSlot(fileSystem: FileSystem, path: string, origin: MemberId, file: string): Promise<Slot> {
  try {
    const head = decodeHead(await readSmallFile(fileSystem, path, HEAD_BYTES));
    return head.origin === origin ? { head } : { problem: `${file}: it is of the origin ${head.origin}` };
  } catch (error) {
    if (error instanceof WireProblem) return { problem: `${file}: ${error.message}` };
    if (isFileSystemError(error) && error.errno === 'ENOENT') return { problem: `${file}: it is missing` };
    throw readingFailed({ directory: path.slice(0, -file.length - 1), file, offset: 0, sequence: 0 }, error);
  }
}

/**
 * The two HEAD files, written in turn: the one that is being written may be torn by a crash, and then the other is whole.
 * Two files and not two places in one, so that no page, sector or inode is shared with the record that has to survive.
 */
export class HeadFiles {
  readonly #handles: readonly FileHandle[];
  readonly #origin: MemberId;
  #generation: number;
  #current: number;

  private constructor(handles: readonly FileHandle[], origin: MemberId, generation: number, current: number) {
    this.#handles = handles;
    this.#origin = origin;
    this.#generation = generation;
    this.#current = current;
  }

  static async open(fileSystem: FileSystem, directory: string, origin: MemberId, found: FoundHeads): Promise<HeadFiles> {
    const handles: FileHandle[] = [];
    try {
      for (const file of HEAD_FILES) handles.push(await fileSystem.open(`${directory}/${file}`, 'read-write'));
    } catch (error) {
      await closeAll(handles);
      throw error;
    }
    return new HeadFiles(handles, origin, found.newest.generation, found.newestFile);
  }

  /** Durable when it resolves. */
  async write(tail: Tail): Promise<void> {
    const next = 1 - this.#current;
    const handle = this.#handles[next];
    assert(handle !== undefined, 'there are two HEAD files');
    await handle.write(encodeHead({ ...tail, origin: this.#origin, generation: this.#generation + 1 }), 0);
    await handle.sync();
    this.#generation += 1;
    this.#current = next;
  }

  close(): Promise<void> {
    return closeAll(this.#handles);
  }
}

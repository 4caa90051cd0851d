import { assert, LIMITS } from '../../base/index.js';
import type { FileHandle, FileSystem, Logger } from '../../ports/index.js';
import { failureKind } from './failures.js';
import { encodeGroup, encodeSegmentHeader, GROUP_HEADER_BYTES, RECORD_BYTES } from './journal-format.js';
import { PAGE_BYTES, padToPage, type StoreLayout } from './layout.js';
import type { HoldRecord } from './types.js';

/** Where the next group goes. Everything before it is durable. */
export interface JournalPosition {
  readonly segment: number;
  readonly offset: number;
  readonly group: number;
}

interface OpenSegment {
  readonly segment: number;
  readonly handle: FileHandle;
}

/** Appends groups of holds to the journal, one at a time: written, synced, then (and only then) answered. */
export class JournalWriter {
  readonly #fileSystem: FileSystem;
  readonly #layout: StoreLayout;
  readonly #logger: Logger;
  readonly #segmentBytes: number;
  readonly #buffer: Uint8Array;
  #position: JournalPosition;
  #open: OpenSegment | undefined;

  /** Goes on at `position`; the segment there is cut off behind it before the first append. */
  constructor(fileSystem: FileSystem, layout: StoreLayout, logger: Logger, position: JournalPosition, segmentBytes: number) {
    this.#fileSystem = fileSystem;
    this.#layout = layout;
    this.#logger = logger;
    this.#position = position;
    this.#segmentBytes = segmentBytes;
    this.#buffer = fileSystem.alignedBuffer(padToPage(GROUP_HEADER_BYTES + LIMITS.journalGroupRecords * RECORD_BYTES));
  }

  get position(): JournalPosition {
    return this.#position;
  }

  /** Opens the segment at the position and drops what a crash left behind it. */
  async resume(): Promise<void> {
    const { segment, offset } = this.#position;
    if (offset === 0) return;
    const handle = await this.#fileSystem.open(this.#layout.journalSegment(segment), 'read-write', { direct: true });
    if ((await handle.size()) > offset) {
      await handle.truncate(offset);
      await handle.sync();
    }
    this.#open = { segment, handle };
  }

  /** At most `LIMITS.journalGroupRecords`. Durable when resolved. Rejects with a FileSystemError, and can be called again. */
  async append(records: readonly HoldRecord[]): Promise<void> {
    assert(records.length > 0 && records.length <= LIMITS.journalGroupRecords, 'a group has a bounded number of records');
    const bytesMax = padToPage(GROUP_HEADER_BYTES + records.length * RECORD_BYTES);
    if (this.#open === undefined || this.#position.offset + bytesMax > this.#segmentBytes) await this.#roll();
    const open = this.#open;
    assert(open !== undefined, 'a segment is open');
    const { offset, group } = this.#position;
    const used = encodeGroup(this.#buffer, open.segment, group, records);
    const bytes = padToPage(used);
    this.#buffer.fill(0, used, bytes);
    try {
      await open.handle.write(this.#buffer.subarray(0, bytes), offset);
    } catch (error) {
      if (failureKind(error) === 'full') await this.#cutBack();
      else await this.#abandonSegment();
      throw error;
    }
    try {
      await open.handle.sync();
    } catch (error) {
      await this.#abandonSegment();
      throw error;
    }
    this.#position = { segment: open.segment, offset: offset + bytes, group: group + 1 };
  }

  async #roll(): Promise<void> {
    await this.#abandonSegment();
    const segment = this.#position.segment + 1;
    // A number whose creation failed is not used again.
    this.#position = { segment, offset: 0, group: this.#position.group };
    const handle = await this.#fileSystem.open(this.#layout.journalSegment(segment), 'create-new', { direct: true });
    encodeSegmentHeader(this.#buffer, { segment, firstGroup: this.#position.group });
    try {
      await handle.write(this.#buffer.subarray(0, PAGE_BYTES), 0);
      await handle.sync();
      await this.#fileSystem.syncDirectory(this.#layout.journal);
    } catch (error) {
      await this.#close(handle);
      throw error;
    }
    this.#open = { segment, handle };
    this.#position = { ...this.#position, offset: PAGE_BYTES };
  }

  /**
   * The next append begins a new segment. After a failure the group that failed may or may not be on the disk: its number is
   * used again in the new segment, which tells a reader to ignore it.
   */
  async #abandonSegment(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) await this.#close(open.handle);
  }

  /** Gives back the room of a group that a full disk cut short. */
  async #cutBack(): Promise<void> {
    try {
      await this.#open?.handle.truncate(this.#position.offset);
    } catch (error) {
      this.#logger.warn('part of a group stays in the journal', { segment: this.#position.segment, error });
    }
  }

  async #close(handle: FileHandle): Promise<void> {
    try {
      await handle.close();
    } catch (error) {
      this.#logger.warn('a journal segment could not be closed', { segment: this.#position.segment, error });
    }
  }

  close(): Promise<void> {
    return this.#abandonSegment();
  }
}

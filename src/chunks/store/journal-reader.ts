import { LIMITS } from '../../base/index.js';
import type { FileHandle, FileSystem } from '../../ports/index.js';
import { closing } from './chunk-files.js';
import { throwIfAborted } from './failures.js';
import {
  decodeGroupBody,
  decodeGroupHeader,
  decodeSegmentHeader,
  GROUP_HEADER_BYTES,
  type GroupHeader,
  RECORD_BYTES,
} from './journal-format.js';
import type { JournalPosition } from './journal-writer.js';
import { numbersOf, PAGE_BYTES, padToPage, type StoreLayout } from './layout.js';
import type { HoldRecord } from './types.js';

/** Before the first group. */
export const JOURNAL_START: JournalPosition = { segment: 0, offset: 0, group: 1 };

export interface JournalReplay {
  /** Behind the last whole group. */
  readonly end: JournalPosition;
  /** What was lost before the end, as sentences; empty for a whole journal and for one with a torn end. */
  readonly damage: readonly string[];
}

/**
 * Makes what the journal's last segment holds durable: before anything is derived from it, so that nothing derived outlives
 * it. What a killed process had written and not synced may be in memory only.
 */
export async function settleJournal(fileSystem: FileSystem, layout: StoreLayout): Promise<void> {
  const last = numbersOf(await fileSystem.readDirectory(layout.journal), 'journal').at(-1);
  if (last === undefined) return;
  const handle = await fileSystem.open(layout.journalSegment(last), 'read-write');
  await closing(handle, () => handle.sync());
  await fileSystem.syncDirectory(layout.journal);
}

interface Segment {
  readonly number: number;
  readonly bytes: number;
  /** Undefined: its creation never finished. */
  readonly firstGroup: number | undefined;
}

const DAMAGE_NOTES = 100;
const WINDOW_BYTES = padToPage(GROUP_HEADER_BYTES + LIMITS.journalGroupRecords * RECORD_BYTES);

/**
 * Hands every group behind `from` (and before number `untilGroup`) to `onGroup`, in order, with the position after it. A torn
 * end is left out; damage before the end is named, and what is whole behind it still handed over.
 */
export async function replayJournal(
  fileSystem: FileSystem,
  layout: StoreLayout,
  from: JournalPosition,
  onGroup: (records: readonly HoldRecord[], after: JournalPosition) => Promise<void>,
  signal: AbortSignal,
  untilGroup = Number.MAX_SAFE_INTEGER,
): Promise<JournalReplay> {
  const segments = await listSegments(fileSystem, layout, from);
  const damage: string[] = [];
  let end = from;
  if (from.offset > 0 && segments[0]?.number !== from.segment) {
    note(damage, `segment ${from.segment} is missing`);
    end = { segment: from.segment + 1, offset: 0, group: from.group };
  }
  for (const [index, segment] of segments.entries()) {
    if (segment.number === from.segment && segment.bytes < from.offset) {
      note(damage, `segment ${segment.number} ends at ${segment.bytes}, before what was read of it earlier`);
      end = { segment: segment.number + 1, offset: 0, group: from.group };
      continue;
    }
    const successor = segments.slice(index + 1).find((later) => later.firstGroup !== undefined)?.firstGroup;
    const until = Math.min(successor ?? Number.MAX_SAFE_INTEGER, untilGroup);
    const start = segment.number === from.segment && from.offset > 0 ? from.offset : PAGE_BYTES;
    const handle = await fileSystem.open(layout.journalSegment(segment.number), 'read');
    end = await closing(handle, () =>
      replaySegment({ handle, segment: segment.number, start, until, end, damage, onGroup, signal }),
    );
    // Nothing is appended to a segment without a header: its successor states where it ended.
    if (segment.firstGroup === undefined) end = { segment: segment.number + 1, offset: 0, group: end.group };
    if (successor !== undefined && end.group < until) {
      note(damage, `groups ${end.group} to ${until - 1} are missing from segment ${segment.number}`);
      end = { ...end, group: until };
    }
  }
  return { end, damage };
}

/** From the segment of `from` on. A segment whose header is damaged is read if there is anything in it. */
async function listSegments(fileSystem: FileSystem, layout: StoreLayout, from: JournalPosition): Promise<readonly Segment[]> {
  const numbers = numbersOf(await fileSystem.readDirectory(layout.journal), 'journal');
  const segments: Segment[] = [];
  for (const number of numbers.filter((candidate) => candidate >= from.segment)) {
    const page = new Uint8Array(PAGE_BYTES);
    const handle = await fileSystem.open(layout.journalSegment(number), 'read');
    const bytes = await closing(handle, async () => {
      await handle.read(page, 0);
      return handle.size();
    });
    segments.push({ number, bytes, firstGroup: decodeSegmentHeader(page)?.firstGroup });
  }
  return segments;
}

interface SegmentReplay {
  readonly handle: FileHandle;
  readonly segment: number;
  readonly start: number;
  /** Groups so numbered or higher were abandoned. */
  readonly until: number;
  readonly end: JournalPosition;
  readonly damage: string[];
  readonly onGroup: (records: readonly HoldRecord[], after: JournalPosition) => Promise<void>;
  readonly signal: AbortSignal;
}

async function replaySegment(replay: SegmentReplay): Promise<JournalPosition> {
  const { handle, segment } = replay;
  const reader = new WindowReader(handle);
  let end: JournalPosition = { segment, offset: replay.start, group: replay.end.group };
  let doubt: string | undefined;
  for (let offset = replay.start; ; ) {
    throwIfAborted(replay.signal);
    const page = await reader.at(offset, GROUP_HEADER_BYTES);
    if (page === undefined) return end;
    const header = decodeGroupHeader(page, segment);
    if (header === undefined || header.group < end.group) {
      doubt ??= `no group at ${offset} of segment ${segment}`;
      offset += PAGE_BYTES;
      continue;
    }
    if (header.group >= replay.until) return end;
    const body = await reader.at(offset + GROUP_HEADER_BYTES, header.bytes);
    const decoded = body === undefined ? undefined : decodeGroupBody(header, body);
    const next = offset + padToPage(GROUP_HEADER_BYTES + header.bytes);
    if (decoded === undefined || !decoded.whole) {
      // Kept back until something whole follows: at the very end it was torn and never acknowledged.
      doubt ??= `group ${header.group} at ${offset} of segment ${segment} is damaged`;
      if (decoded !== undefined && (await reader.hasGroupAfter(next, header, replay.until))) {
        await replay.onGroup(decoded.records, { segment, offset: next, group: header.group + 1 });
      }
      offset = next;
      continue;
    }
    if (header.group > end.group) doubt ??= `groups ${end.group} to ${header.group - 1} are missing from segment ${segment}`;
    if (doubt !== undefined) note(replay.damage, doubt);
    doubt = undefined;
    offset = next;
    end = { segment, offset, group: header.group + 1 };
    await replay.onGroup(decoded.records, end);
  }
}

function note(damage: string[], sentence: string): void {
  if (damage.length < DAMAGE_NOTES) damage.push(sentence);
}

/** Reads forward through a segment, a window at a time. */
class WindowReader {
  readonly #handle: FileHandle;
  readonly #window = new Uint8Array(WINDOW_BYTES);
  #start = 0;
  #bytes = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** A view that is valid until the next call; undefined if the file ends before. */
  async at(offset: number, bytes: number): Promise<Uint8Array | undefined> {
    if (offset < this.#start || offset + bytes > this.#start + this.#bytes) {
      this.#start = offset;
      this.#bytes = await this.#handle.read(this.#window, offset);
    }
    const from = offset - this.#start;
    return from + bytes > this.#bytes ? undefined : this.#window.subarray(from, from + bytes);
  }

  async hasGroupAfter(offset: number, damaged: GroupHeader, until: number): Promise<boolean> {
    for (let at = offset; ; at += PAGE_BYTES) {
      const page = await this.at(at, GROUP_HEADER_BYTES);
      if (page === undefined) return false;
      const header = decodeGroupHeader(page, damaged.segment);
      if (header !== undefined && header.group > damaged.group && header.group < until) return true;
    }
  }
}

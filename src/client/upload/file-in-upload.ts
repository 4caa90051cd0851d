import { LIMITS } from '../../base/index.js';
import type { LocalAttributes } from '../local/local-files.js';
import type { Extent, FileCommit, Receipt } from '../../transport/index.js';

/** The chunk id of an extent that is all zeros. */
export const HOLE = '';

interface DurableExtent {
  readonly extent: Extent;
  /** Those that cover the extent's chunk; none for a hole. */
  readonly receipts: readonly Receipt[];
}

/** Extents and the receipts for their chunks, each receipt once. */
export interface ReceiptedExtents {
  readonly extents: readonly Extent[];
  readonly receipts: readonly Receipt[];
}

/** One file between its first chunk and its commit: which of its extents are durable, and which of those are logged. */
export class FileInUpload {
  readonly path: string;
  readonly expectedVersion: number | undefined;
  readonly #listIds: string[] = [];
  #pending: DurableExtent[] = [];
  /** Set once all of it was read. */
  content: { readonly bytes: number; readonly attributes: LocalAttributes } | undefined;
  /** A file that cannot be stored after all; what was sent of it will be collected. */
  failed = false;
  /** Some chunk of it has fewer copies than wanted. */
  below = false;

  constructor(path: string, expectedVersion: number | undefined) {
    this.path = path;
    this.expectedVersion = expectedVersion;
  }

  /** In order of offset. Adjoining holes become one. */
  append(extent: Extent, receipts: readonly Receipt[]): void {
    const last = this.#pending.at(-1)?.extent;
    if (last !== undefined && last.chunkId === HOLE && extent.chunkId === HOLE) {
      this.#pending[this.#pending.length - 1] = {
        extent: { ...last, lengthBytes: last.lengthBytes + extent.lengthBytes },
        receipts: [],
      };
      return;
    }
    this.#pending.push({ extent, receipts });
  }

  /** Extents to log now; undefined while they can wait for more of them, or for the commit. */
  takeList(): ReceiptedExtents | undefined {
    const read = this.content !== undefined;
    // The last hole may still grow.
    const ready = !read && this.#pending.at(-1)?.extent.chunkId === HOLE ? this.#pending.slice(0, -1) : this.#pending;
    const { count, full } = fitting(ready);
    if (count === 0) return undefined;
    const rest = read && (this.#listIds.length > 0 || full || ready.length > LIMITS.extentsInline);
    if (!full && !rest) return undefined;
    this.#pending = this.#pending.slice(count);
    return unzip(ready.slice(0, count));
  }

  listed(extentListId: string): void {
    this.#listIds.push(extentListId);
  }

  /** Of a file that was read to its end, once `takeList` has nothing more. */
  commit(): { readonly file: FileCommit; readonly receipts: readonly Receipt[] } | undefined {
    if (this.content === undefined) return undefined;
    const { bytes, attributes } = this.content;
    const { extents, receipts } = unzip(this.#pending);
    const { path, expectedVersion } = this;
    const fixed = { contentType: '', makeParents: true };
    return {
      file: { path, sizeBytes: bytes, ...attributes, expectedVersion, extentListIds: this.#listIds, extents, ...fixed },
      receipts,
    };
  }
}

function unzip(pending: readonly DurableExtent[]): ReceiptedExtents {
  return { extents: pending.map(({ extent }) => extent), receipts: [...receiptsOf(pending)] };
}

const receiptsOf = (pending: readonly DurableExtent[]): Set<Receipt> => new Set(pending.flatMap(({ receipts }) => receipts));

/** How many of the first extents go into one list with the receipts for them, and whether more would not. */
function fitting(pending: readonly DurableExtent[]): { readonly count: number; readonly full: boolean } {
  const receipts = new Set<Receipt>();
  let chunks = 0;
  let count = 0;
  for (const extent of pending) {
    for (const receipt of extent.receipts) {
      if (receipts.has(receipt)) continue;
      receipts.add(receipt);
      chunks += receipt.chunks.length;
    }
    const tooMuch = receipts.size > LIMITS.receiptsPerCall || chunks > LIMITS.receiptedChunksPerCall;
    if (count > 0 && tooMuch) return { count, full: true };
    count += 1;
    if (count === LIMITS.extentsPerList) return { count, full: true };
  }
  return { count, full: false };
}

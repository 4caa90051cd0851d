import type { ExtentListId } from '../../base/index.js';
import type { Extent } from '../../events/index.js';
import type { ReadFile, ReadFilesResponse } from '../../transport/index.js';

/** A run of bytes of a file that is to be read. */
export interface TargetExtent {
  /** Which of the files that were asked for. */
  readonly target: number;
  readonly extent: Extent;
  /** What names it: a version, or one of its lists. */
  readonly of: { readonly fileId: string; readonly version: number; readonly listId: ExtentListId | undefined };
}

export interface PageReader {
  /** Of the client's key: tickets are bound to it. */
  readonly keyHash: Uint8Array;
  /** Copies at other members too where own nodes have some. */
  readonly everywhere: boolean;
  readonly signal: AbortSignal;
}

/** Finds out where the bytes of files can be had, and gets the tickets for that. */
export interface ReadPages {
  page(files: readonly ReadFile[], extents: readonly TargetExtent[], reader: PageReader): Promise<ReadFilesResponse>;
}

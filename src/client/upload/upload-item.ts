import type { CollectiveError } from '../../base/index.js';
import type { FileTime, LocalReader } from '../local/local-files.js';

export interface DirectoryItem {
  readonly kind: 'directory';
  readonly path: string;
  readonly mode: number;
  readonly modified: FileTime;
}

/** One thing to store. Paths are remote ones. */
export type UploadItem =
  | DirectoryItem
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string; readonly modified: FileTime }
  | {
      readonly kind: 'file';
      readonly path: string;
      /** For messages. */
      readonly source: string;
      readonly bytes: number;
      /** On this machine's disk: what is new at most, as far as can be told without reading. */
      readonly allocatedBytes: number;
      readonly open: () => Promise<LocalReader>;
      readonly expectedVersion?: number;
    }
  | {
      readonly kind: 'stream';
      readonly path: string;
      readonly bytes: AsyncIterable<Uint8Array>;
      readonly mode: number;
      readonly modified: FileTime;
      readonly expectedVersion?: number;
    }
  /** Something that was found and cannot be stored. */
  | { readonly kind: 'problem'; readonly path: string; readonly error: CollectiveError };

export interface UploadFailure {
  readonly path: string;
  readonly error: CollectiveError;
}

export interface UploadReport {
  readonly files: number;
  /** Of these: with fewer copies than wanted, where fewer were enough and there were no more to be had. */
  readonly filesBelow: number;
  /** Where copies go: nodes, members, or empty if the coordinator does not say. */
  readonly spread: string;
  readonly directories: number;
  readonly symlinks: number;
  /** Of all files, holes and duplicates included. */
  readonly bytes: number;
  /** That were sent: each copy counts. */
  readonly sentBytes: number;
  /** Of chunks that were held already (all copies) or came more than once: each chunk counts once. */
  readonly knownBytes: number;
  readonly holeBytes: number;
  /** Wanted of each chunk. */
  readonly copies: number;
  /** That some chunk has now: fewer than wanted where those were enough and there were no more to be had. */
  readonly fewestCopies: number;
  /** The first of them, in order; all else was stored. */
  readonly failures: readonly UploadFailure[];
  readonly failureCount: number;
}

/** How far a transfer is; counts only grow. */
export interface TransferProgress {
  readonly files: number;
  readonly bytes: number;
  /** Of `bytes`: those that were there already, or are zeros, and so were not transferred. */
  readonly knownBytes: number;
}

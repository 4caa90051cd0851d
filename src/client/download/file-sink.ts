import type { Entry } from '../entry.js';

/**
 * Where the bytes of one file go. Calls of `write` and `zeros` come in any order and side by side; each
 * place is recalled at most once, and then written unless what was recalled is right.
 */
export interface FileSink {
  /** First of all. */
  begin(entry: Entry): Promise<void>;
  /** Whether `into` was filled with what an earlier try left at that place: any bytes, to be checked. */
  recall(into: Uint8Array, position: number): Promise<boolean>;
  /** `padded` begins with `bytes` and goes on to a multiple of 4096. Both are the sink's until the promise settles. */
  write(bytes: Uint8Array, padded: Uint8Array, position: number, signal: AbortSignal): Promise<void>;
  /** A run that is all zeros. */
  zeros(length: number, position: number, signal: AbortSignal): Promise<void>;
  /** Everything was written. */
  finish(): Promise<void>;
  /** Not everything will be, for now: what was written may be left for the next try. */
  leave(): Promise<void>;
  /** Not everything will be; nothing may be left. Also called when `begin` failed. */
  discard(): Promise<void>;
}

export interface DownloadTarget {
  readonly path: string;
  /** 0: the current one. */
  readonly version: number;
  /** Which of the things that stood at the path, deleted ones too; undefined: what stands there. */
  readonly fileId?: string;
  readonly sink: FileSink;
}

/** An open file. Reads and writes are positioned; there is no cursor. Every failure is a FileSystemError. */
export interface FileHandle {
  /** Bytes read into `buffer` (from its start), fewer than asked only at the end of the file. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** Writes all of `bytes`, which the caller must not change until the promise settles. Not durable before `sync`. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Makes content and length durable (fdatasync). After a failure nothing about unsynced bytes may be assumed. */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export type OpenMode =
  /** The file must exist. */
  | 'read'
  /** The file must exist. */
  | 'read-write'
  /** The file must not exist; its name is durable only after `syncDirectory` of its folder. */
  | 'create-new';

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'other';
  readonly bytes: number;
  /** Permission bits. */
  readonly mode: number;
  readonly modifiedMs: number;
}

/** Absolute paths only. Every failure is a FileSystemError. */
export interface FileSystem {
  /**
   * `direct` asks for unbuffered writes (O_DIRECT) with buffers from `alignedBuffer`, lengths and positions multiples of
   * 4096; where the file system refuses it, the file is opened buffered. Mode of a new file: 0600.
   */
  open(path: string, mode: OpenMode, options?: { readonly direct?: boolean }): Promise<FileHandle>;
  /** Replaces `to` atomically; durable after `syncDirectory` of the folder(s). */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Mode 0700; parents must exist; EEXIST if there. */
  makeDirectory(path: string): Promise<void>;
  /** ENOTEMPTY if anything is in it. */
  removeDirectory(path: string): Promise<void>;
  /** Names, in no order. */
  readDirectory(path: string): Promise<readonly string[]>;
  /** Makes the names in a folder durable. */
  syncDirectory(path: string): Promise<void>;
  /** Follows symbolic links. */
  stat(path: string): Promise<FileStat>;
  /** Of the file system that holds `path`. */
  space(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }>;
  /** A buffer that `direct` writes accept; `bytes` is a multiple of 4096. Plain memory elsewhere. */
  alignedBuffer(bytes: number): Uint8Array;
}

/** What failed, by the name POSIX gives it. */
export class FileSystemError extends Error {
  override readonly name = 'FileSystemError';
  /** `ENOENT`, `EEXIST`, `ENOSPC`, `EDQUOT`, `EIO`, ... */
  readonly errno: string;
  readonly path: string;

  constructor(errno: string, operation: string, path: string, cause?: unknown) {
    super(`${operation} ${path}: ${errno}`, cause === undefined ? undefined : { cause });
    this.errno = errno;
    this.path = path;
  }
}

export const isFileSystemError = (value: unknown): value is FileSystemError =>
  value instanceof Error && value.name === 'FileSystemError';

/** Seconds and nanoseconds since 1970 UTC. */
export interface FileTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

export interface LocalAttributes {
  /** Permission bits. */
  readonly mode: number;
  readonly modified: FileTime;
}

export interface LocalEntry extends LocalAttributes {
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
  readonly bytes: number;
  /** What it takes on the disk: less than `bytes` where there are holes. */
  readonly allocatedBytes: number;
}

/** A name that was found in a local directory, or why it cannot be used. */
export type LocalName = { readonly name: string } | { readonly shown: string; readonly problem: string };

/** A local file being read. Failures are FileSystemErrors. */
export interface LocalReader {
  /** As of when it was opened. */
  readonly bytes: number;
  readonly attributes: LocalAttributes;
  /** Bytes read into `buffer` from that place of the file; fewer than asked only at its end. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** Whether size and time are still what they were when it was opened. */
  unchanged(): Promise<boolean>;
  close(): Promise<void>;
}

/** A new local file that nobody sees before it is whole. Failures are FileSystemErrors. */
export interface LocalWriter {
  /** How far reaches what an earlier try has left of the file; 0: nothing is left. */
  readonly leftBytes: number;
  /** Bytes of that read into `buffer`; fewer than asked only at its end. They may be anything, and are to be checked. */
  recall(buffer: Uint8Array, position: number): Promise<number>;
  /** Makes a run read as zeros, whatever was left there. What is neither written nor cleared is what was left, or zeros. */
  clear(length: number, position: number): Promise<void>;
  /** `padded` begins with `bytes` and goes on to a multiple of 4096: what an unbuffered write may take instead. */
  write(bytes: Uint8Array, padded: Uint8Array, position: number): Promise<void>;
  /** Sets the length and the attributes, makes the content durable and shows it at its place, replacing what was there. */
  finish(bytes: number, attributes: LocalAttributes): Promise<void>;
  /** Ends without the file, and leaves what is there for the next try, where that is worth it. */
  leave(): Promise<void>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}

/** What the transfers need of this machine's files. Failures are FileSystemErrors. */
export interface LocalFiles {
  /** What stands at the path, a symlink itself or what it leads to; undefined: nothing. */
  describe(path: string, links: 'follow' | 'keep'): Promise<LocalEntry | undefined>;
  /** In no order, without what unfinished transfers have left there. */
  list(directory: string): AsyncIterable<LocalName>;
  readLink(path: string): Promise<string>;
  openForReading(path: string): Promise<LocalReader>;
  /** `bytes` is how long it will be, holes included. */
  create(path: string, bytes: number): Promise<LocalWriter>;
  /** With its missing parents; nothing happens where it exists already. */
  makeDirectory(path: string): Promise<void>;
  /** Replaces a file or symlink of that name. */
  makeSymlink(path: string, target: string, modified: FileTime): Promise<void>;
  setAttributes(path: string, attributes: LocalAttributes): Promise<void>;
  /** A file or symlink, or a folder with all that is in it. Nothing happens where there is nothing. */
  remove(path: string): Promise<void>;
  /** Memory that an unbuffered write takes as it is. */
  alignedBuffer(bytes: number): Uint8Array;
}

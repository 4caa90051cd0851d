import { CollectiveError } from '../base/index.js';
import { EntryKind, type EntryInfo } from '../transport/index.js';
import type { FileTime } from './local/local-files.js';

/** What stands at a remote path. */
export interface Entry {
  readonly path: string;
  readonly name: string;
  readonly fileId: string;
  readonly kind: 'file' | 'directory' | 'symlink';
  readonly bytes: number;
  /** Permission bits. */
  readonly mode: number;
  readonly modified: FileTime;
  readonly version: number;
  /** Empty unless it is a symlink. */
  readonly target: string;
  /** When the current version was committed, by the coordinator's clock. */
  readonly committedMs: number;
  readonly contentType: string;
  /** Entries of a directory. */
  readonly children: number;
}

const KINDS = new Map<EntryKind, Entry['kind']>([
  [EntryKind.FILE, 'file'],
  [EntryKind.DIRECTORY, 'directory'],
  [EntryKind.SYMLINK, 'symlink'],
]);

/** Error: PROTOCOL_ERROR. */
export function kindOf(kind: EntryKind): Entry['kind'] {
  const word = KINDS.get(kind);
  if (word !== undefined) return word;
  throw new CollectiveError('PROTOCOL_ERROR', 'The coordinator named an entry without saying what it is.');
}

export const kindNumberOf = (word: Entry['kind']): EntryKind => NUMBERS[word];

const NUMBERS: Readonly<Record<Entry['kind'], EntryKind>> = {
  file: EntryKind.FILE,
  directory: EntryKind.DIRECTORY,
  symlink: EntryKind.SYMLINK,
};

/** Error: PROTOCOL_ERROR. */
export function entryOf(info: EntryInfo | undefined): Entry {
  const kind = info === undefined ? undefined : KINDS.get(info.kind);
  if (info === undefined || kind === undefined) {
    throw new CollectiveError('PROTOCOL_ERROR', 'The coordinator named an entry without saying what it is.');
  }
  return {
    path: info.path,
    name: info.name,
    fileId: info.fileId,
    kind,
    bytes: info.sizeBytes,
    mode: info.mode,
    modified: info.modified ?? { seconds: 0, nanoseconds: 0 },
    version: info.version,
    target: info.symlinkTarget,
    committedMs: info.committedMs,
    contentType: info.contentType,
    children: info.childCount,
  };
}

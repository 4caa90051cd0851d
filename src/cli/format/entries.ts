import type { Entry } from '../../client/index.js';
export { printable } from './printable.js';

/** What scripts get to see of an entry. */
export interface EntryJson {
  readonly path: string;
  readonly name: string;
  readonly kind: Entry['kind'];
  readonly size: number;
  readonly mode: string;
  readonly modified: string;
  readonly version: number;
  readonly id: string;
  readonly target?: string;
  readonly entries?: number;
  readonly committed?: string;
}

export const entryJson = (entry: Entry): EntryJson => ({
  path: entry.path,
  name: entry.name,
  kind: entry.kind,
  size: entry.bytes,
  mode: octalMode(entry.mode),
  modified: formatTime(entry.modified),
  version: entry.version,
  id: entry.fileId,
  ...(entry.kind === 'symlink' ? { target: entry.target } : {}),
  ...(entry.kind === 'directory' ? { entries: entry.children } : {}),
  ...(entry.committedMs > 0 ? { committed: new Date(entry.committedMs).toISOString() } : {}),
});

export const octalMode = (mode: number): string => mode.toString(8).padStart(4, '0');

const TYPE_LETTERS: Readonly<Record<Entry['kind'], string>> = { file: '-', directory: 'd', symlink: 'l' };

/** `-rw-r--r--`, as ls shows it. */
export function modeText({ kind, mode }: Entry): string {
  const letters = [...'rwxrwxrwx'].map((letter, index) => ((mode >> (8 - index)) & 1 ? letter : '-'));
  for (const [bit, at, letter] of [
    [0o4000, 2, 's'],
    [0o2000, 5, 's'],
    [0o1000, 8, 't'],
  ] as const) {
    if (mode & bit) letters[at] = letters[at] === 'x' ? letter : letter.toUpperCase();
  }
  return TYPE_LETTERS[kind] + letters.join('');
}

/** ISO 8601 UTC, with as many digits behind the second as there are. */
export function formatTime({ seconds, nanoseconds }: { readonly seconds: number; readonly nanoseconds: number }): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return `${seconds}.${String(nanoseconds).padStart(9, '0')} s`;
  const fraction = nanoseconds === 0 ? '' : `.${String(nanoseconds).padStart(9, '0').replace(/0+$/, '')}`;
  return date.toISOString().replace(/\.000Z$/, `${fraction}Z`);
}

/** `2026-11-22 15:04`, in the zone of this machine. */
export function shortTime(timeMs: number): string {
  const date = new Date(timeMs);
  if (Number.isNaN(date.getTime())) return '?';
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

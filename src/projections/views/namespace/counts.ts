import { refuse } from '../view.js';
import type { FileRow, PurgedCounts, TreeCounts } from './rows.js';

/** What an event adds; below zero: takes away. */
export type CountsChange = { readonly [Name in keyof TreeCounts]: number };

export const NOTHING: TreeCounts = {
  files: 0,
  directories: 0,
  symlinks: 0,
  bytes: 0,
  storedBytes: 0,
  keptVersions: 0,
  keptBytes: 0,
  keptStoredBytes: 0,
  deletedEntries: 0,
  deletedBytes: 0,
  deletedStoredBytes: 0,
};

const NAMES = Object.keys(NOTHING) as (keyof TreeCounts)[];

/** Of something with everything below it. */
export const countsOf = ({ kind, sizeBytes, storedBytes, below }: FileRow): TreeCounts => ({
  ...below,
  files: below.files + (kind === 'file' ? 1 : 0),
  directories: below.directories + (kind === 'directory' ? 1 : 0),
  symlinks: below.symlinks + (kind === 'symlink' ? 1 : 0),
  bytes: below.bytes + sizeBytes,
  storedBytes: below.storedBytes + storedBytes,
});

/** The same once it is deleted: nothing of it is live, and its older versions are part of what was deleted. */
export const asDeleted = (counts: CountsChange): CountsChange => ({
  ...NOTHING,
  deletedEntries: counts.files + counts.directories + counts.symlinks + counts.deletedEntries,
  deletedBytes: counts.bytes + counts.keptBytes + counts.deletedBytes,
  deletedStoredBytes: counts.storedBytes + counts.keptStoredBytes + counts.deletedStoredBytes,
});

/** Refuses what does not stay a number that can be stored. */
export function plus(counts: TreeCounts, change: CountsChange): TreeCounts {
  const sum = combined(counts, change, 1);
  for (const name of NAMES)
    if (!Number.isSafeInteger(sum[name]) || sum[name] < 0) refuse('the tree has too much, or less than nothing');
  return sum;
}

export const minus = (counts: CountsChange, other: CountsChange): CountsChange => combined(counts, other, -1);

/** What is gone for good, of what was deleted. */
export const purgedOf = (deleted: CountsChange): Omit<PurgedCounts, 'versions'> => ({
  entries: deleted.deletedEntries,
  bytes: deleted.deletedBytes,
  storedBytes: deleted.deletedStoredBytes,
});

function combined(left: CountsChange, right: CountsChange, sign: 1 | -1): TreeCounts {
  const sum: { -readonly [Name in keyof TreeCounts]: number } = { ...NOTHING };
  for (const name of NAMES) sum[name] = left[name] + sign * right[name];
  return sum;
}

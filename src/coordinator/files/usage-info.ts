import type { FileRow, TreeCounts } from '../../projections/index.js';
import type { TreeUsage } from '../../transport/index.js';

/** What an entry takes, itself and all below it. */
export const usageOf = ({ kind, sizeBytes, storedBytes, below }: FileRow): TreeUsage => {
  const counts: TreeCounts = below;
  return {
    ...counts,
    files: counts.files + (kind === 'file' ? 1 : 0),
    directories: counts.directories + (kind === 'directory' ? 1 : 0),
    symlinks: counts.symlinks + (kind === 'symlink' ? 1 : 0),
    bytes: counts.bytes + sizeBytes,
    storedBytes: counts.storedBytes + storedBytes,
  };
};

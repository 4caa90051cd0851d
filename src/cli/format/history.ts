import { formatSize } from '../../base/index.js';
import type { DeletedThing, KeptVersion, TreeUsage } from '../../client/index.js';
import { formatTime, octalMode, printable, shortTime } from './entries.js';
import { formatTable } from './table.js';

const iso = (timeMs: number): string => new Date(timeMs).toISOString();

/** What scripts get to see of one version. */
export const versionJson = (version: KeptVersion) => ({
  id: version.fileId,
  kind: version.kind,
  ...(version.version > 0 ? { version: version.version } : {}),
  state: version.state,
  size: version.sizeBytes,
  mode: octalMode(version.mode),
  ...(version.modified === undefined ? {} : { modified: formatTime(version.modified) }),
  ...(version.committedMs > 0 ? { committed: iso(version.committedMs) } : {}),
  ...(version.committedBy === '' ? {} : { by: version.committedBy }),
  ...(version.deletedMs > 0 ? { deleted: iso(version.deletedMs), deletedBy: version.deletedBy } : {}),
  ...(version.untilMs > 0 ? { until: iso(version.untilMs) } : {}),
  ...(version.below === undefined ? {} : { below: usageJson(version.below) }),
});

export type VersionJson = ReturnType<typeof versionJson>;

/** What scripts get to see of something deleted. */
export const deletedJson = (deleted: DeletedThing) => ({
  path: deleted.path,
  id: deleted.fileId,
  kind: deleted.kind,
  size: deleted.kind === 'directory' ? (deleted.below?.bytes ?? 0) : deleted.sizeBytes,
  ...(deleted.version > 0 ? { version: deleted.version } : {}),
  deleted: iso(deleted.deletedMs),
  deletedBy: deleted.deletedBy,
  until: iso(deleted.untilMs),
  ...(deleted.kind === 'directory' && deleted.below !== undefined ? { below: usageJson(deleted.below) } : {}),
});

export type DeletedJson = ReturnType<typeof deletedJson>;

export const usageJson = (usage: TreeUsage) => ({
  files: usage.files,
  directories: usage.directories,
  symlinks: usage.symlinks,
  live: { size: usage.bytes, stored: usage.storedBytes },
  kept: { versions: usage.keptVersions, size: usage.keptBytes, stored: usage.keptStoredBytes },
  deleted: { entries: usage.deletedEntries, size: usage.deletedBytes, stored: usage.deletedStoredBytes },
});

export type UsageJson = ReturnType<typeof usageJson>;

/** When it can no longer be restored. */
const untilText = (untilMs: number): string => (untilMs === 0 ? '-' : `until ${shortTime(untilMs)}`);

export function versionsTable(versions: readonly KeptVersion[]): string {
  return formatTable(
    [
      { title: 'VERSION', align: 'right' },
      { title: 'STATE' },
      { title: 'SIZE', align: 'right' },
      { title: 'STORED' },
      { title: 'BY' },
      { title: 'RESTORABLE' },
      { title: 'ID' },
    ],
    versions.map((version) => [
      version.version > 0 ? String(version.version) : shownKind(version.kind),
      version.state === 'deleted' ? `deleted ${shortTime(version.deletedMs)} by ${printable(version.deletedBy)}` : version.state,
      formatSize(version.below === undefined ? version.sizeBytes : version.below.bytes),
      version.committedMs > 0 ? shortTime(version.committedMs) : '-',
      version.committedBy === '' ? '-' : printable(version.committedBy),
      version.state === 'current' ? '-' : untilText(version.untilMs),
      version.fileId,
    ]),
  );
}

const shownKind = (kind: KeptVersion['kind']): string => (kind === 'directory' ? 'folder' : kind);

/** One line of what was deleted: when, how much, how long it is kept, and its path. */
export function deletedLine(deleted: DeletedThing, shown: (text: string) => string): string {
  const folder = deleted.kind === 'directory';
  const bytes = folder ? (deleted.below?.bytes ?? 0) : deleted.sizeBytes;
  const left = untilText(deleted.untilMs);
  return `${shortTime(deleted.deletedMs)}  ${formatSize(bytes).padStart(7)}  ${left}  ${shown(deleted.path)}${folder ? '/' : ''}`;
}

import { CollectiveError, fail, LIMITS, ok } from '../../base/index.js';
import type { CollectiveEvent, VersionsPurged } from '../../events/index.js';
import type { NamespaceReader } from '../../projections/index.js';
import type { Decision } from '../decision.js';
import { ANY, choose, everAt, inTime, type Retention, type Standing } from './ever-at.js';
import { type Names, newName, showPath } from './lookup.js';
import { notEmpty } from './remove-entry.js';

export interface PurgeEntry {
  readonly names: Names;
  /** Only this version of the file. */
  readonly version: number | undefined;
  /** Needed for a folder that is not empty. */
  readonly recursive: boolean;
}

/**
 * What stands at a path, and all that stood there, goes for good; or one older version of a file does. Errors: NOT_FOUND,
 * DIRECTORY_NOT_EMPTY, REQUEST_INVALID for the version that is current.
 */
export function decidePurgeEntry(command: PurgeEntry, namespace: NamespaceReader, retention: Retention): Decision {
  const { names, version } = command;
  const name = newName(names);
  if (!name.ok) return name;
  if (version !== undefined) return purgeVersion(names, version, namespace, retention);
  const all = everAt(names, namespace);
  if (all.length === 0) {
    const path = showPath(names);
    return fail(new CollectiveError('NOT_FOUND', `There is no ${path}, and none is kept.`, { details: { path } }));
  }
  const full = all.find(({ row }) => row.childCount > 0);
  if (full !== undefined && !command.recursive) {
    return fail(notEmpty(names, full.row.childCount, `collective rm --purge --recursive ${showPath(names)}`));
  }
  const removed = all.flatMap((each) => removal(each));
  return ok([...removed, { type: 'EntriesPurged', reason: 'asked', fileIds: all.map(({ fileId }) => fileId) }]);
}

/** What stands there, or went with a folder only, goes by itself first. */
function removal({ row, fileId, parentId, name }: Standing): readonly CollectiveEvent[] {
  return row.removed || parentId === undefined ? [] : [{ type: 'EntryRemoved', parentId, name, fileId }];
}

function purgeVersion(names: Names, version: number, namespace: NamespaceReader, retention: Retention): Decision {
  const chosen = choose(names, { ...ANY, version }, namespace, retention);
  if (!chosen.ok) return chosen;
  const { fileId, row } = chosen.value.standing;
  const path = showPath(names);
  if (version === row.version) {
    return fail(
      new CollectiveError('REQUEST_INVALID', `Version ${version} of ${path} is its current one.`, {
        next: `To purge the file with all its versions: collective rm --purge ${path}`,
        details: { path, version },
      }),
    );
  }
  const found = namespace.version(fileId, version);
  if (found === undefined || found.purged) {
    return fail(
      new CollectiveError('NOT_FOUND', `${path} has no version ${version}${found === undefined ? '' : ' any more'}.`, {
        next: `See what is kept: collective versions ${path}`,
        details: { path, version },
      }),
    );
  }
  return ok([{ type: 'VersionsPurged', reason: 'asked', versions: [{ fileId, version }] }]);
}

/** What has been kept for its time, the oldest of it: as much as one event of each kind takes. */
export function decidePurgeExpired(namespace: NamespaceReader, retention: Retention): Decision {
  const { rows } = namespace.ageing(LIMITS.purgedAtOnce);
  const expired = rows.filter(([[sinceMs]]) => !inTime(sinceMs, retention)).map(([key]) => key);
  const fileIds = expired.filter(([, , version]) => version === 0).map(([, fileId]) => fileId);
  const versions = expired
    .filter(([, , version]) => version > 0)
    .map(([, fileId, version]): VersionsPurged['versions'][number] => ({ fileId, version }));
  return ok([
    ...(versions.length > 0 ? [{ type: 'VersionsPurged', reason: 'retention', versions } as const] : []),
    ...(fileIds.length > 0 ? [{ type: 'EntriesPurged', reason: 'retention', fileIds } as const] : []),
  ]);
}

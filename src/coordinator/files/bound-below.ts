import type { FileId } from '../../base/index.js';
import { find, hasEnded, type Names, showPath } from '../../domain/index.js';
import type { Views } from '../../projections/index.js';
import type { BoundFolders } from '../../transport/index.js';

/** Folders that an answer names. */
const PATHS_TOLD = 4;

/** What is bound to a folder or to those in it, and does not hold while they are gone: grants and policies. */
export function boundBelow(names: Names, { grants, policies, namespace }: Views, nowMs: number): BoundFolders | undefined {
  const top = find(names, namespace);
  if (!top.ok || top.value.row.kind !== 'directory') return undefined;
  const isBelow = (id: FileId): boolean => {
    const path = namespace.pathOf(id);
    return path !== undefined && names.every((name, depth) => path[depth] === name);
  };
  const granted = grants
    .all()
    .filter(([, row]) => !hasEnded(row, nowMs) && isBelow(row.directoryId))
    .map(([, { directoryId }]) => directoryId);
  const ruled = policies
    .all()
    .map(([id]) => id)
    .filter(isBelow);
  if (granted.length + ruled.length === 0) return undefined;
  const folders = [...new Set([...granted, ...ruled])].map((id) => showPath(namespace.pathOf(id) ?? []));
  return {
    grants: granted.length,
    policies: ruled.length,
    folders: folders.length,
    paths: folders.toSorted((one, other) => one.length - other.length).slice(0, PATHS_TOLD),
  };
}

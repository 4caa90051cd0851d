import { CollectiveError, fail, ok } from '../../base/index.js';
import type { NamespaceReader } from '../../projections/index.js';
import type { Decision } from '../decision.js';
import { checkVersion, find, type Names, newName, showPath } from './lookup.js';

export interface RemoveEntry {
  readonly names: Names;
  /** Needed for a directory that is not empty. */
  readonly recursive: boolean;
  readonly expectedVersion: number | undefined;
}

/** One event, however much is below: what goes with a directory stays restorable with it. */
export function decideRemoveEntry(command: RemoveEntry, namespace: NamespaceReader): Decision {
  const { names } = command;
  const name = newName(names);
  if (!name.ok) return name;
  const found = find(names, namespace);
  if (!found.ok) return found;
  const { fileId, row } = found.value;
  const version = checkVersion(names, row.version, command.expectedVersion);
  if (!version.ok) return version;
  if (row.kind === 'directory' && row.childCount > 0 && !command.recursive) {
    return fail(notEmpty(names, row.childCount, `collective rm --recursive ${showPath(names)}`));
  }
  const { parentId } = row;
  if (parentId === undefined)
    return fail(new CollectiveError('REQUEST_INVALID', 'The root cannot be removed.', { next: 'Name something in it.' }));
  return ok([{ type: 'EntryRemoved', parentId, name: name.value, fileId }]);
}

export const notEmpty = (names: Names, entries: number, command: string): CollectiveError =>
  new CollectiveError('DIRECTORY_NOT_EMPTY', `The folder ${showPath(names)} is not empty.`, {
    next: `To remove it with all that is in it: ${command}`,
    details: { path: showPath(names), entries },
  });

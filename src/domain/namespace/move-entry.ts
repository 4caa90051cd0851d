import { CollectiveError, fail, ok, type Result } from '../../base/index.js';
import type { FileRow, NamespaceReader } from '../../projections/index.js';
import type { Decision } from '../decision.js';
import {
  alreadyExists,
  checkVersion,
  find,
  findDirectory,
  isADirectory,
  type Names,
  newName,
  notADirectory,
  showPath,
} from './lookup.js';
import { findIfThere } from './plan.js';
import { notEmpty } from './remove-entry.js';
import { checkDepth } from './tree-room.js';

export interface MoveEntry {
  readonly from: Names;
  /** The new path of the entry itself. */
  readonly to: Names;
  /** Replace what stands there, by the rules of rename(2). */
  readonly replace: boolean;
  readonly expectedVersion: number | undefined;
}

/** A rename is one event, whatever is below. */
export function decideMoveEntry(command: MoveEntry, namespace: NamespaceReader): Decision {
  const { from, to } = command;
  const toName = newName(to);
  if (!toName.ok) return toName;
  const source = find(from, namespace);
  if (!source.ok) return source;
  const { fileId, row } = source.value;
  const version = checkVersion(from, row.version, command.expectedVersion);
  if (!version.ok) return version;
  if (row.parentId === undefined)
    return fail(new CollectiveError('REQUEST_INVALID', 'The root cannot be moved.', { next: 'Name something in it.' }));
  if (showPath(from) === showPath(to)) return ok([]);
  const walk = namespace.walk(to.slice(0, -1));
  if (row.kind === 'directory' && walk.trail.includes(fileId)) {
    return fail(
      new CollectiveError('MOVE_INTO_ITSELF', `${showPath(from)} cannot be moved into itself (${showPath(to)}).`, {
        next: 'Choose a folder outside of it.',
      }),
    );
  }
  const parent = findDirectory(to.slice(0, -1), namespace);
  if (!parent.ok) return parent;
  const depth = checkDepth(to.length + row.heightMax);
  if (!depth.ok) return depth;
  const there = findIfThere(to, namespace);
  if (!there.ok) return there;
  if (there.value !== undefined) {
    const allowed = mayReplace(command, row, there.value.row);
    if (!allowed.ok) return allowed;
  }
  return ok([
    {
      type: 'EntryMoved',
      fileId,
      fromParentId: row.parentId,
      fromName: row.name,
      toParentId: parent.value.fileId,
      toName: toName.value,
      replacedFileId: there.value?.fileId,
    },
  ]);
}

function mayReplace(command: MoveEntry, moved: FileRow, target: FileRow): Result<undefined, CollectiveError> {
  const { to } = command;
  if (!command.replace) return fail(alreadyExists(to));
  if (target.kind !== 'directory') return moved.kind === 'directory' ? fail(notADirectory(to)) : ok(undefined);
  if (moved.kind !== 'directory') return fail(isADirectory(to));
  if (target.childCount === 0) return ok(undefined);
  return fail(notEmpty(to, target.childCount, `collective rm --recursive ${showPath(to)}`));
}

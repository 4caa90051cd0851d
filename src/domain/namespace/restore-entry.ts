import { CollectiveError, fail, ok, type Result } from '../../base/index.js';
import type { Decision, DecisionContext } from '../decision.js';
import { dressed, sourceOf } from './copy-entry.js';
import { choose, type Chosen, everAt, keptVersion, restorable, type Retention, type Which } from './ever-at.js';
import { type Found, type Names, newName, showPath } from './lookup.js';
import { type CopyViews, placeVersion, repeatVersion } from './place-version.js';
import { EventPlan, findIfThere, parentFor } from './plan.js';
import { checkDepth, checkTreeRoom } from './tree-room.js';

export interface RestoreEntry {
  readonly names: Names;
  readonly which: Which;
  /** Undefined: to where it was. */
  readonly to: Names | undefined;
  /** In place of what stands there, which is deleted by it: a file or symlink, or an empty folder in place of a folder. */
  readonly overwrite: boolean;
}

type Context = DecisionContext & Retention;

/**
 * Puts back what was deleted, a folder with all below it, or makes an older version of a file its newest one. Folders on the
 * way are made again. Errors: NOT_FOUND, ALREADY_EXISTS, IS_A_DIRECTORY, NOT_A_DIRECTORY, LIMIT_EXCEEDED.
 */
export function decideRestoreEntry(command: RestoreEntry, views: CopyViews, context: Context): Decision {
  const { names } = command;
  const chosen = choose(names, lastGone(command, views, context), views.namespace, context);
  if (!chosen.ok) return chosen;
  const { standing } = chosen.value;
  return standing.gone === undefined
    ? restoreVersion(command, chosen.value, views, context)
    : restoreGone(command, chosen.value, views, context);
}

/** Who says nothing else means what was deleted, even where something else stands there now. */
function lastGone({ names, which }: RestoreEntry, { namespace }: CopyViews, context: Context): Which {
  if (which.fileId !== undefined || which.version !== undefined || which.atMs !== undefined) return which;
  const gone = everAt(names, namespace).find((each) => each.gone !== undefined && restorable(each, context));
  return { ...which, fileId: gone?.fileId };
}

/** Of a file that stands there. */
function restoreVersion(command: RestoreEntry, { standing, version }: Chosen, views: CopyViews, context: Context): Decision {
  const { names, which, to } = command;
  const path = showPath(names);
  if (version === undefined || (which.version === undefined && which.atMs === undefined)) {
    const isFile = standing.row.kind === 'file';
    return fail(
      new CollectiveError(
        'ALREADY_EXISTS',
        `${path} is there: ${isFile ? 'say which version of it' : 'nothing of it is to be restored'}.`,
        {
          next: isFile ? `collective versions ${path}` : `See what was deleted in it: collective versions --deleted ${path}`,
          details: { path },
        },
      ),
    );
  }
  const plan = new EventPlan(context.nextPosition);
  const file = { fileId: standing.fileId, row: standing.row };
  const source = sourceOf(names, file, version, views, context);
  if (!source.ok) return source;
  if (to !== undefined && showPath(to) !== path) {
    const target = { names: to, replace: command.overwrite, makeParents: true, expectedVersion: undefined };
    const placed = placeVersion(source.value, target, views, plan, context.nowMs);
    return placed.ok ? ok(plan.events) : placed;
  }
  if (version === standing.row.version) return ok([]);
  const repeated = repeatVersion(source.value, file, views, plan);
  return repeated.ok ? ok(plan.events) : repeated;
}

function restoreGone(command: RestoreEntry, { standing, version }: Chosen, views: CopyViews, context: Context): Decision {
  const { names } = command;
  const { namespace } = views;
  const { fileId, row } = standing;
  const target = command.to ?? names;
  const name = newName(target);
  if (!name.ok) return name;
  const depth = checkDepth(target.length + row.heightMax);
  if (!depth.ok) return depth;
  const liveBytes = row.sizeBytes + row.below.bytes;
  const room = checkTreeRoom({ bytes: 0, storedBytes: 0, replacedBytes: -liveBytes }, namespace);
  if (!room.ok) return room;
  const there = findIfThere(target, namespace);
  if (!there.ok) return there;
  const plan = new EventPlan(context.nextPosition);
  const parentId = parentFor(target, { makeParents: true, nowMs: context.nowMs, plan, namespace });
  if (!parentId.ok) return parentId;
  if (there.value !== undefined) {
    const allowed = mayReplace(command, target, row.kind, there.value);
    if (!allowed.ok) return allowed;
    plan.add({ type: 'EntryRemoved', parentId: parentId.value, name: name.value, fileId: there.value.fileId });
  }
  if (row.removed) plan.add({ type: 'EntryLinked', fileId, parentId: parentId.value, name: name.value });
  else if (standing.parentId !== undefined) {
    // It went with a folder: it leaves that folder, which stays deleted.
    plan.add({
      type: 'EntryMoved',
      fileId,
      fromParentId: standing.parentId,
      fromName: standing.name,
      toParentId: parentId.value,
      toName: name.value,
      replacedFileId: undefined,
    });
  }
  if (version === undefined || version === row.version) return ok(plan.events);
  const kept = keptVersion(names, { standing, version }, namespace, context);
  if (!kept.ok) return kept;
  const repeated = repeatVersion(dressed(names, kept.value, kept.value), { fileId, row }, views, plan);
  return repeated.ok ? ok(plan.events) : repeated;
}

function mayReplace(command: RestoreEntry, target: Names, kind: string, { row }: Found): Result<undefined, CollectiveError> {
  const path = showPath(target);
  const details = { path };
  if (!command.overwrite) {
    return fail(
      new CollectiveError('ALREADY_EXISTS', `Something stands at ${path}.`, {
        next: 'Restore to another place with --to, or put it in place of what is there with --overwrite.',
        details,
      }),
    );
  }
  if (row.kind !== 'directory' && kind !== 'directory') return ok(undefined);
  if (row.kind === 'directory' && kind === 'directory' && row.childCount === 0) return ok(undefined);
  const next = 'Restore to another place with --to.';
  if (row.kind !== 'directory')
    return fail(new CollectiveError('NOT_A_DIRECTORY', `${path} is not a folder.`, { next, details }));
  if (kind !== 'directory') return fail(new CollectiveError('IS_A_DIRECTORY', `${path} is a folder.`, { next, details }));
  return fail(new CollectiveError('DIRECTORY_NOT_EMPTY', `The folder ${path} is not empty.`, { next, details }));
}

import { CollectiveError, fail, ok, type Result } from '../../base/index.js';
import type { VersionRow } from '../../projections/index.js';
import type { Decision, DecisionContext } from '../decision.js';
import { keptVersion, type Retention, standing } from './ever-at.js';
import { alreadyExists, find, type Found, isADirectory, type Names, newName, showPath } from './lookup.js';
import { EventPlan, findIfThere, parentFor } from './plan.js';
import { type CopyViews, placeVersion, type Source, type Target } from './place-version.js';

export interface CopyEntry extends Target {
  readonly from: Names;
  /** Of a file; undefined: its current one. */
  readonly version: number | undefined;
}

/** A file (or one version of it) or a symlink once more, under another name: its content is shared, no bytes move. */
export function decideCopyEntry(command: CopyEntry, views: CopyViews, context: DecisionContext & Retention): Decision {
  const { from, names } = command;
  const source = find(from, views.namespace);
  if (!source.ok) return source;
  const { row } = source.value;
  if (row.kind === 'directory') {
    return fail(
      isADirectory(from, `To copy it with all that is in it: collective cp --recursive ${showPath(from)} ${showPath(names)}`),
    );
  }
  const plan = new EventPlan(context.nextPosition);
  if (row.kind === 'symlink') return copySymlink(command, source.value, views, plan, context.nowMs);
  if (showPath(from) === showPath(names) && (command.version ?? row.version) === row.version) {
    return fail(
      new CollectiveError('REQUEST_INVALID', `${showPath(from)} cannot be copied onto itself.`, { next: 'Choose another name.' }),
    );
  }
  const made = sourceOf(from, source.value, command.version, views, context);
  if (!made.ok) return made;
  const placed = placeVersion(made.value, command, views, plan, context.nowMs);
  return placed.ok ? ok(plan.events) : placed;
}

/** The current version has the attributes that the file has now, an older one those it was committed with. */
export function sourceOf(
  names: Names,
  found: Found,
  version: number | undefined,
  views: Pick<CopyViews, 'namespace'>,
  retention: Retention,
): Result<Source, CollectiveError> {
  const { row } = found;
  const number = version ?? row.version;
  const kept = keptVersion(names, { standing: standing(found), version: number }, views.namespace, retention);
  return kept.ok ? ok(dressed(names, kept.value, number === row.version ? row : kept.value)) : kept;
}

export const dressed = (names: Names, version: VersionRow, { mode, modified }: Pick<Source, 'mode' | 'modified'>): Source => ({
  names,
  version,
  mode,
  modified,
});

function copySymlink(command: CopyEntry, { fileId, row }: Found, views: CopyViews, plan: EventPlan, nowMs: number): Decision {
  const { names, makeParents } = command;
  const { namespace } = views;
  const name = newName(names);
  if (!name.ok) return name;
  const there = findIfThere(names, namespace);
  if (!there.ok) return there;
  if (there.value?.row.kind === 'directory') return fail(isADirectory(names));
  if (there.value?.fileId === fileId) {
    return fail(
      new CollectiveError('REQUEST_INVALID', `${showPath(names)} cannot be copied onto itself.`, {
        next: 'Choose another name.',
      }),
    );
  }
  if (there.value !== undefined && !command.replace) return fail(alreadyExists(names));
  const parentId = parentFor(names, { makeParents, nowMs, plan, namespace });
  if (!parentId.ok) return parentId;
  if (there.value !== undefined) {
    plan.add({ type: 'EntryRemoved', parentId: parentId.value, name: name.value, fileId: there.value.fileId });
  }
  const { symlinkTarget, modified } = row;
  plan.add({ type: 'SymlinkCreated', parentId: parentId.value, name: name.value, target: symlinkTarget, modified });
  return ok(plan.events);
}

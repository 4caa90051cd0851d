import { CollectiveError, fail, LIMITS, ok, utf8 } from '../../base/index.js';
import type { FileTime } from '../../events/index.js';
import type { NamespaceReader } from '../../projections/index.js';
import type { Decision, DecisionContext } from '../decision.js';
import { alreadyExists, isADirectory, type Names, newName } from './lookup.js';
import { EventPlan, findIfThere, parentFor } from './plan.js';

export interface MakeSymlink {
  readonly names: Names;
  /** Kept as it is, and never followed here. */
  readonly target: string;
  readonly modified: FileTime;
  /** A file or symlink that is there already is replaced. */
  readonly replace: boolean;
}

export function decideMakeSymlink(command: MakeSymlink, namespace: NamespaceReader, context: DecisionContext): Decision {
  const { names, target, modified } = command;
  const bytes = utf8(target).length;
  if (bytes === 0 || bytes > LIMITS.symlinkTargetBytes || target.includes('\0') || !target.isWellFormed()) {
    return fail(
      new CollectiveError(
        'NAME_INVALID',
        `A symlink's target has 1 to ${LIMITS.symlinkTargetBytes} bytes of valid UTF-8 without NUL; this one has ${bytes}.`,
      ),
    );
  }
  const name = newName(names);
  if (!name.ok) return name;
  const there = findIfThere(names, namespace);
  if (!there.ok) return there;
  const plan = new EventPlan(context.nextPosition);
  const parentId = parentFor(names, { makeParents: false, nowMs: context.nowMs, plan, namespace });
  if (!parentId.ok) return parentId;
  if (there.value !== undefined) {
    const { row, fileId } = there.value;
    if (row.kind === 'directory') return fail(isADirectory(names));
    if (!command.replace) return fail(alreadyExists(names));
    if (row.kind === 'symlink' && row.symlinkTarget === target && sameTime(row.modified, modified)) return ok([]);
    plan.add({ type: 'EntryRemoved', parentId: parentId.value, name: name.value, fileId });
  }
  plan.add({ type: 'SymlinkCreated', parentId: parentId.value, name: name.value, target, modified });
  return ok(plan.events);
}

const sameTime = (left: FileTime, right: FileTime): boolean =>
  left.seconds === right.seconds && left.nanoseconds === right.nanoseconds;

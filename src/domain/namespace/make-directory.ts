import { fail, ok } from '../../base/index.js';
import type { FileTime } from '../../events/index.js';
import type { NamespaceReader } from '../../projections/index.js';
import type { Decision, DecisionContext } from '../decision.js';
import { alreadyExists, type Names, newName } from './lookup.js';
import { EventPlan, findIfThere, parentFor } from './plan.js';

export interface MakeDirectory {
  readonly names: Names;
  readonly mode: number;
  readonly modified: FileTime;
  readonly makeParents: boolean;
  /** A directory that is there already is no failure. */
  readonly existOk: boolean;
}

export function decideMakeDirectory(command: MakeDirectory, namespace: NamespaceReader, context: DecisionContext): Decision {
  const { names } = command;
  const there = findIfThere(names, namespace);
  if (!there.ok) return there;
  if (there.value !== undefined) {
    return command.existOk && there.value.row.kind === 'directory' ? ok([]) : fail(alreadyExists(names));
  }
  const name = newName(names);
  if (!name.ok) return name;
  const plan = new EventPlan(context.nextPosition);
  const parentId = parentFor(names, { makeParents: command.makeParents, nowMs: context.nowMs, plan, namespace });
  if (!parentId.ok) return parentId;
  plan.add({
    type: 'DirectoryCreated',
    parentId: parentId.value,
    name: name.value,
    mode: command.mode,
    modified: command.modified,
  });
  return ok(plan.events);
}

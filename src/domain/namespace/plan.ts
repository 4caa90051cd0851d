import { type CollectiveError, fail, type FileId, fileIdAt, ok, type Result } from '../../base/index.js';
import type { CollectiveEvent, FileTime, LogPosition } from '../../events/index.js';
import type { NamespaceReader } from '../../projections/index.js';
import { find, findDirectory, type Found, type Names, notADirectory } from './lookup.js';

const PARENT_MODE = 0o755;

/** The events of one decision as they are thought of, with the ids of what they create. */
export class EventPlan {
  readonly events: CollectiveEvent[] = [];
  readonly #next: LogPosition;

  constructor(next: LogPosition) {
    this.#next = next;
  }

  /** Adds an event, and returns the id of what it creates. */
  add(event: CollectiveEvent): FileId {
    const id = fileIdAt({ epoch: this.#next.epoch, sequence: this.#next.sequence + this.events.length });
    this.events.push(event);
    return id;
  }
}

/** The directory that something is to be made in; with `makeParents`, missing ones are made on the way. */
export function parentFor(
  names: Names,
  options: {
    readonly makeParents: boolean;
    readonly nowMs: number;
    readonly plan: EventPlan;
    readonly namespace: NamespaceReader;
  },
): Result<FileId, CollectiveError> {
  const parents = names.slice(0, -1);
  const { namespace, plan } = options;
  if (!options.makeParents) {
    const found = findDirectory(parents, namespace);
    return found.ok ? ok(found.value.fileId) : found;
  }
  const walk = namespace.walk(parents);
  if (walk.kind !== 'directory') return fail(notADirectory(parents.slice(0, walk.found)));
  let parentId = walk.fileId;
  for (const name of parents.slice(walk.found)) {
    parentId = plan.add({ type: 'DirectoryCreated', parentId, name, mode: PARENT_MODE, modified: timeOf(options.nowMs) });
  }
  return ok(parentId);
}

/** What stands at a path, if anything. Error: NOT_A_DIRECTORY when something on the way is none. */
export function findIfThere(names: Names, namespace: NamespaceReader): Result<Found | undefined, CollectiveError> {
  const found = find(names, namespace);
  return found.ok || found.error.code !== 'NOT_FOUND' ? found : ok(undefined);
}

export const timeOf = (nowMs: number): FileTime => ({
  seconds: Math.floor(nowMs / 1000),
  nanoseconds: (nowMs % 1000) * 1_000_000,
});

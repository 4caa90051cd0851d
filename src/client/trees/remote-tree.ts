import { join } from 'node:path';
import { checkName, CollectiveError, LIMITS } from '../../base/index.js';
import type { FilesCalls } from '../calls/files-calls.js';
import type { Entry } from '../entry.js';
import type { RemoteRoot } from './get-plan.js';

/** The entries of a directory, in byte order of their names. */
export async function* entriesOf(calls: FilesCalls, path: string, signal: AbortSignal): AsyncGenerator<Entry, void> {
  let afterName = '';
  for (;;) {
    const { entries, more } = await calls.listPage(path, afterName, signal);
    yield* entries;
    const last = entries.at(-1);
    if (!more || last === undefined) return;
    if (last.name === afterName) throw new CollectiveError('PROTOCOL_ERROR', `The coordinator lists ${path} in circles.`);
    afterName = last.name;
  }
}

/** Everything at and below the roots with its place on this machine, a directory before its content. */
export async function* remoteItems(
  calls: FilesCalls,
  roots: Iterable<RemoteRoot>,
  signal: AbortSignal,
): AsyncGenerator<RemoteRoot, void> {
  for (const root of roots) yield* itemsAt(calls, root, 0, signal);
}

async function* itemsAt(
  calls: FilesCalls,
  root: RemoteRoot,
  depth: number,
  signal: AbortSignal,
): AsyncGenerator<RemoteRoot, void> {
  yield root;
  if (root.entry.kind !== 'directory') return;
  if (depth > LIMITS.pathDepth)
    throw new CollectiveError('LIMIT_EXCEEDED', `${root.entry.path} is deeper than ${LIMITS.pathDepth} levels.`);
  for await (const entry of entriesOf(calls, root.entry.path, signal)) {
    // A name becomes part of a local path: it is not taken on trust.
    const checked = checkName(entry.name);
    if (!checked.ok) throw checked.error;
    yield* itemsAt(calls, { entry, target: join(root.target, entry.name) }, depth + 1, signal);
  }
}

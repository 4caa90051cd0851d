import { accept, type FileId, LIMITS } from '../../base/index.js';
import { find, type Names } from '../../domain/index.js';
import type { FileRow } from '../../projections/index.js';
import type { ViewReader } from '../log/view-reader.js';

export interface Walked {
  readonly names: Names;
  readonly fileId: FileId;
  readonly row: FileRow;
}

interface Level {
  readonly at: Walked;
  readonly entries: readonly Walked[];
  readonly more: boolean;
  next: number;
}

/**
 * What stands at a path and everything below it, a folder before what is in it, in byte order of names. A page of each folder
 * on the way is in memory, however large the tree is; what changes meanwhile may be seen or not. `enters`: whether to look into
 * a folder. Errors: those of the path, CANCELLED.
 */
export async function* walkTree(
  views: ViewReader,
  top: Names,
  signal: AbortSignal,
  enters: (folder: FileRow) => boolean = () => true,
): AsyncGenerator<Walked> {
  const found = await views.run(({ namespace }) => accept(find(top, namespace)));
  const first = { names: top, ...found };
  yield first;
  const levels: Level[] = found.row.kind === 'directory' && enters(found.row) ? [await pageOf(views, first, undefined)] : [];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    signal.throwIfAborted();
    const entry = level.entries[level.next];
    level.next += 1;
    if (entry !== undefined) {
      yield entry;
      if (entry.row.kind === 'directory' && enters(entry.row)) levels.push(await pageOf(views, entry, undefined));
      continue;
    }
    levels.pop();
    const last = level.entries.at(-1);
    if (level.more && last !== undefined) levels.push(await pageOf(views, level.at, last.names.at(-1)));
  }
}

function pageOf(views: ViewReader, at: Walked, afterName: string | undefined): Promise<Level> {
  return views.run(({ namespace }) => {
    const { rows, more } = namespace.entries(at.fileId, afterName, LIMITS.walkPageEntries);
    namespace.needFiles(rows.map(([, { fileId }]) => fileId));
    const entries = rows.flatMap(([[, name], { fileId }]) => {
      const row = namespace.file(fileId);
      return row === undefined ? [] : [{ names: [...at.names, name], fileId, row }];
    });
    return { at, entries, more, next: 0 };
  });
}

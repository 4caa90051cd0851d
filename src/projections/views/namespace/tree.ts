import { LIMITS, type FileId } from '../../../base/index.js';
import type {
  AttributesChanged,
  EntryLinked,
  EntryMoved,
  EntryRemoved,
  FileCommitted,
  VersionsPurged,
} from '../../../events/index.js';
import type { Table } from '../../rows/table.js';
import { refuse, type EventFacts } from '../view.js';
import { asDeleted, type CountsChange, countsOf, minus, NOTHING, plus, purgedOf } from './counts.js';
import type { DeletedKey } from './reader.js';
import type { DeletedRow, EntryRow, FileRow, PurgedCounts, VersionRow } from './rows.js';

export interface TreeTables {
  readonly files: Table<FileId, FileRow>;
  readonly entries: Table<readonly [FileId, string], EntryRow>;
  readonly versions: Table<readonly [FileId, number], VersionRow>;
  readonly deleted: Table<DeletedKey, DeletedRow>;
  readonly ageing: Table<readonly [sinceMs: number, fileId: FileId, version: number], true>;
  readonly purged: Table<'only', PurgedCounts>;
}

type Facts = Pick<EventFacts, 'timeMs' | 'actor'>;

/** Something removed stands among what ages as this version. */
const WHOLE = 0;

/** Changes of the tree, and the counts that follow from them up to the root. */
export class Tree {
  readonly #tables: TreeTables;

  constructor(tables: TreeTables) {
    this.#tables = tables;
  }

  create(id: FileId, row: FileRow): void {
    this.#attach(id, row);
    this.#tables.files.insert(id, row);
  }

  /** `storedBytes`: what the copies of the new version take. */
  commit(event: FileCommitted, storedBytes: number, { timeMs }: Facts): void {
    const { fileId, version, sizeBytes, mode, modified, contentType } = event;
    const row = this.#known(fileId);
    if (row.kind !== 'file') refuse('only a file has versions');
    if (version !== row.version + 1) refuse('a version does not follow the one before');
    const kept = row.version > 0 ? keptOf(row) : NOTHING;
    if (row.version > 0) this.#tables.ageing.insert([timeMs, fileId, row.version], true);
    const below = plus(row.below, kept);
    this.#tables.files.put(fileId, {
      ...row,
      version,
      sizeBytes,
      storedBytes,
      mode,
      modified,
      contentType,
      below,
      committedMs: timeMs,
    });
    const change = { ...kept, bytes: sizeBytes - row.sizeBytes, storedBytes: storedBytes - row.storedBytes };
    this.#changeAbove(row, change);
  }

  move(event: EntryMoved, facts: Facts): void {
    const { fileId, fromParentId, fromName, toParentId, toName } = event;
    this.#detach(fromParentId, fromName, fileId);
    if (event.replacedFileId !== undefined)
      this.remove({ parentId: toParentId, name: toName, fileId: event.replacedFileId }, facts);
    this.#requireOutside(fileId, toParentId);
    const moved: FileRow = { ...this.#known(fileId), parentId: toParentId, name: toName };
    this.#tables.files.put(fileId, moved);
    this.#attach(fileId, moved);
  }

  remove({ parentId, name, fileId }: Omit<EntryRemoved, 'type'>, { timeMs, actor }: Facts): void {
    this.#detach(parentId, name, fileId);
    const row: FileRow = { ...this.#known(fileId), removed: true, removedMs: timeMs };
    this.#tables.files.put(fileId, row);
    const key = [parentId, name, timeMs] as const;
    if (this.#tables.deleted.get(key) !== undefined) refuse('two things were removed from one name at one time');
    this.#tables.deleted.put(key, { fileId, kind: row.kind, removedBy: actor });
    this.#tables.ageing.insert([timeMs, fileId, WHOLE], true);
    this.#changeUp(parentId, asDeleted(countsOf(row)));
  }

  link({ fileId, parentId, name }: Omit<EntryLinked, 'type'>): void {
    const row = this.#noLongerDeleted(fileId);
    this.#requireOutside(fileId, parentId);
    const linked: FileRow = { ...row, removed: false, removedMs: 0, parentId, name };
    this.#tables.files.put(fileId, linked);
    this.#attach(fileId, linked);
  }

  purge(fileId: FileId): void {
    const row = this.#noLongerDeleted(fileId);
    this.#tables.files.put(fileId, { ...row, purged: true });
    this.#countPurged({ ...purgedOf(asDeleted(countsOf(row))), versions: 0 });
  }

  purgeVersion({ fileId, version }: VersionsPurged['versions'][number]): void {
    const { versions, files, ageing } = this.#tables;
    const row = this.#known(fileId);
    const gone = versions.get([fileId, version]);
    const next = versions.get([fileId, version + 1]);
    if (gone === undefined || gone.purged) refuse('the version is not there, or was purged before');
    if (next === undefined) refuse('the current version of a file is not purged');
    versions.put([fileId, version], { ...gone, purged: true });
    ageing.remove([next.committedMs, fileId, version]);
    const change = minus(NOTHING, keptOf(gone));
    files.put(fileId, { ...row, below: plus(row.below, change) });
    // Below something that was purged it is counted already.
    if (!this.#changeAbove(row, change)) return;
    this.#countPurged({ entries: 0, versions: 1, bytes: gone.sizeBytes, storedBytes: gone.storedBytes });
  }

  changeAttributes({ fileId, mode, modified }: AttributesChanged): void {
    const row = this.#known(fileId);
    this.#tables.files.put(fileId, { ...row, mode: mode ?? row.mode, modified: modified ?? row.modified });
  }

  #known(id: FileId): FileRow {
    return this.#tables.files.get(id) ?? refuse(`there is no file ${id}`);
  }

  #attach(id: FileId, row: FileRow): void {
    const { entries } = this.#tables;
    const parentId = row.parentId ?? refuse('the root stays where it is');
    if (this.#known(parentId).kind !== 'directory') refuse('entries stand in directories only');
    if (entries.get([parentId, row.name]) !== undefined) refuse('the name is taken');
    entries.put([parentId, row.name], { fileId: id, kind: row.kind });
    this.#changeUp(parentId, countsOf(row), { entries: 1, height: row.heightMax + 1 });
  }

  #detach(parentId: FileId, name: string, fileId: FileId): void {
    const { entries } = this.#tables;
    if (entries.get([parentId, name])?.fileId !== fileId) refuse('the entry is not there, or of another file');
    entries.remove([parentId, name]);
    this.#changeUp(parentId, minus(NOTHING, countsOf(this.#known(fileId))), { entries: -1, height: 0 });
  }

  /** Takes something out of what was deleted: its row as it was. */
  #noLongerDeleted(fileId: FileId): FileRow {
    const { deleted, ageing } = this.#tables;
    const row = this.#known(fileId);
    const { parentId, name, removedMs } = row;
    if (!row.removed || row.purged || parentId === undefined) refuse('it was not removed, or is gone for good');
    deleted.remove([parentId, name, removedMs]);
    ageing.remove([removedMs, fileId, WHOLE]);
    this.#changeUp(parentId, minus(NOTHING, asDeleted(countsOf(row))));
    return row;
  }

  /** Of something whose own counts change: in what it is in. As `#changeUp`. */
  #changeAbove({ parentId, removed, purged }: FileRow, change: CountsChange): boolean {
    if (purged || parentId === undefined) return false;
    return this.#changeUp(parentId, removed ? asDeleted(change) : change);
  }

  /**
   * Up to the root; above what was removed it counts as deleted. False where something on the way is purged: it counts no more.
   * Nothing gets deeper than a path can say, so this is bounded.
   */
  #changeUp(
    parentId: FileId,
    counts: CountsChange,
    own: { readonly entries: 0 | 1 | -1; readonly height: number } = { entries: 0, height: 0 },
  ): boolean {
    let { entries, height } = own;
    let change = counts;
    for (let id: FileId | undefined = parentId; id !== undefined; ) {
      const row = this.#known(id);
      if (height > LIMITS.pathDepth) refuse('the tree gets too deep');
      this.#tables.files.put(id, {
        ...row,
        version: entries === 0 ? row.version : row.version + 1,
        childCount: row.childCount + entries,
        below: plus(row.below, change),
        heightMax: Math.max(row.heightMax, height),
      });
      if (row.purged) return false;
      if (row.removed) change = asDeleted(change);
      id = row.parentId;
      entries = 0;
      if (height > 0) height = row.removed ? 0 : height + 1;
    }
    return true;
  }

  #countPurged(added: PurgedCounts): void {
    const { purged } = this.#tables;
    const before = purged.get('only');
    if (before === undefined) {
      purged.put('only', added);
      return;
    }
    purged.put('only', {
      entries: before.entries + added.entries,
      versions: before.versions + added.versions,
      bytes: before.bytes + added.bytes,
      storedBytes: before.storedBytes + added.storedBytes,
    });
  }

  #requireOutside(fileId: FileId, target: FileId): void {
    let id: FileId | undefined = target;
    while (id !== undefined) {
      if (id === fileId) refuse('a directory cannot be moved below itself');
      id = this.#known(id).parentId;
    }
  }
}

const keptOf = ({ sizeBytes, storedBytes }: { readonly sizeBytes: number; readonly storedBytes: number }): CountsChange => ({
  ...NOTHING,
  keptVersions: 1,
  keptBytes: sizeBytes,
  keptStoredBytes: storedBytes,
});

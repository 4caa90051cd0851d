import { fileIdAt, LIMITS, ROOT_FILE_ID, type FileId } from '../../../base/index.js';
import type { AttributesChanged, EntryMoved, EntryRemoved, FileCommitted, FileTime } from '../../../events/index.js';
import type { Bind, Table } from '../../rows/table.js';
import type { ExtentsReader } from '../extents.js';
import type { UploadsReader } from '../uploads.js';
import { refuse, type EventFacts, type View } from '../view.js';
import { namespaceReader, type NamespaceReader } from './reader.js';
import { ENTRIES, FILES, INFO, VERSIONS, type EntryRow, type FileRow, type TreeCounts, type VersionRow } from './rows.js';

export function namespaceView(
  bind: Bind,
  others: { readonly extents: ExtentsReader; readonly uploads: UploadsReader },
): View<NamespaceReader> {
  const tables = { files: bind(FILES), entries: bind(ENTRIES), versions: bind(VERSIONS) };
  const tree = new Tree(tables.files, tables.entries);
  return {
    info: INFO,
    read: namespaceReader(tables),
    apply(event, facts) {
      const id = fileIdAt(facts.position);
      switch (event.type) {
        case 'CollectiveFounded':
          if (id !== ROOT_FILE_ID) refuse('the first event founds a collective, no other');
          tables.files.put(id, { ...BLANK, kind: 'directory', mode: 0o755, modified: fileTimeOf(facts.timeMs) });
          return;
        case 'DirectoryCreated':
          tree.create(id, { ...BLANK, ...placeOf(event), kind: 'directory', mode: event.mode });
          return;
        case 'FileCreated':
          tree.create(id, { ...BLANK, ...placeOf(event), kind: 'file', mode: event.mode });
          return;
        case 'SymlinkCreated':
          tree.create(id, { ...BLANK, ...placeOf(event), kind: 'symlink', mode: 0o777, symlinkTarget: event.target });
          return;
        case 'FileCommitted':
          requireContent(event, others);
          tables.versions.insert([event.fileId, event.version], versionOf(event, facts));
          tree.commit(event, facts.timeMs);
          return;
        case 'EntryMoved':
          tree.move(event);
          return;
        case 'EntryRemoved':
          tree.remove(event);
          return;
        case 'AttributesChanged':
          tree.changeAttributes(event);
          return;
        default:
      }
    },
  };
}

const NOTHING: TreeCounts = { files: 0, directories: 0, symlinks: 0, bytes: 0 };
const BLANK: FileRow = {
  kind: 'file',
  mode: 0,
  modified: { seconds: 0, nanoseconds: 0 },
  parentId: undefined,
  name: '',
  removed: false,
  version: 0,
  sizeBytes: 0,
  committedMs: 0,
  contentType: '',
  symlinkTarget: '',
  childCount: 0,
  below: NOTHING,
  heightMax: 0,
};

const fileTimeOf = (timeMs: number): FileTime => ({
  seconds: Math.floor(timeMs / 1000),
  nanoseconds: (timeMs % 1000) * 1_000_000,
});

const placeOf = (event: { readonly parentId: FileId; readonly name: string; readonly modified: FileTime }) => ({
  parentId: event.parentId,
  name: event.name,
  modified: event.modified,
});

function requireContent(
  { uploadId, extentListIds }: FileCommitted,
  { extents, uploads }: { readonly extents: ExtentsReader; readonly uploads: UploadsReader },
): void {
  if (uploads.get(uploadId) === undefined) refuse('the upload was never opened');
  extents.needLists(extentListIds);
  for (const id of extentListIds) if (extents.list(id) === undefined) refuse('an extent list was never recorded');
}

const versionOf = (event: FileCommitted, { position, timeMs }: EventFacts): VersionRow => ({
  sizeBytes: event.sizeBytes,
  extentListIds: event.extentListIds,
  extents: event.extents,
  mode: event.mode,
  modified: event.modified,
  contentType: event.contentType,
  openSessionId: event.openSessionId,
  uploadId: event.uploadId,
  committedMs: timeMs,
  epoch: position.epoch,
  sequence: position.sequence,
});

/** Changes of the tree, and the counts that follow from them up to the root. */
class Tree {
  readonly #files: Table<FileId, FileRow>;
  readonly #entries: Table<readonly [FileId, string], EntryRow>;

  constructor(files: Table<FileId, FileRow>, entries: Table<readonly [FileId, string], EntryRow>) {
    this.#files = files;
    this.#entries = entries;
  }

  create(id: FileId, row: FileRow): void {
    this.#attach(id, row);
    this.#files.insert(id, row);
  }

  commit(event: FileCommitted, timeMs: number): void {
    const row = this.#known(event.fileId);
    if (row.kind !== 'file') refuse('only a file has versions');
    if (event.version !== row.version + 1) refuse('a version does not follow the one before');
    const { version, sizeBytes, mode, modified, contentType } = event;
    this.#files.put(event.fileId, { ...row, version, sizeBytes, mode, modified, contentType, committedMs: timeMs });
    const below: TreeCounts = { ...NOTHING, bytes: sizeBytes - row.sizeBytes };
    if (row.parentId !== undefined && !row.removed) this.#changeAbove(row.parentId, { below, sign: 1, entries: 0, height: 0 });
  }

  move(event: EntryMoved): void {
    const { fileId, fromParentId, fromName, toParentId, toName } = event;
    this.#detach(fromParentId, fromName, fileId);
    if (event.replacedFileId !== undefined) this.remove({ parentId: toParentId, name: toName, fileId: event.replacedFileId });
    this.#requireOutside(fileId, toParentId);
    const moved: FileRow = { ...this.#known(fileId), parentId: toParentId, name: toName };
    this.#files.put(fileId, moved);
    this.#attach(fileId, moved);
  }

  remove({ parentId, name, fileId }: Omit<EntryRemoved, 'type'>): void {
    this.#detach(parentId, name, fileId);
    this.#files.put(fileId, { ...this.#known(fileId), removed: true });
  }

  changeAttributes({ fileId, mode, modified }: AttributesChanged): void {
    const row = this.#known(fileId);
    this.#files.put(fileId, { ...row, mode: mode ?? row.mode, modified: modified ?? row.modified });
  }

  #known(id: FileId): FileRow {
    return this.#files.get(id) ?? refuse(`there is no file ${id}`);
  }

  #attach(id: FileId, row: FileRow): void {
    const parentId = row.parentId ?? refuse('the root stays where it is');
    if (this.#known(parentId).kind !== 'directory') refuse('entries stand in directories only');
    if (this.#entries.get([parentId, row.name]) !== undefined) refuse('the name is taken');
    this.#entries.put([parentId, row.name], { fileId: id, kind: row.kind });
    this.#changeAbove(parentId, { below: countsOf(row), sign: 1, entries: 1, height: row.heightMax + 1 });
  }

  #detach(parentId: FileId, name: string, fileId: FileId): void {
    if (this.#entries.get([parentId, name])?.fileId !== fileId) refuse('the entry is not there, or of another file');
    this.#entries.remove([parentId, name]);
    this.#changeAbove(parentId, { below: countsOf(this.#known(fileId)), sign: -1, entries: -1, height: 0 });
  }

  /** Up to the root, or to what was removed from its directory. Nothing gets deeper than a path can say, so this is bounded. */
  #changeAbove(
    parentId: FileId,
    change: { readonly below: TreeCounts; readonly sign: 1 | -1; readonly entries: 0 | 1 | -1; readonly height: number },
  ): void {
    let { entries, height } = change;
    for (let id: FileId | undefined = parentId; id !== undefined; ) {
      const row = this.#known(id);
      if (height > LIMITS.pathDepth) refuse('the tree gets too deep');
      this.#files.put(id, {
        ...row,
        version: entries === 0 ? row.version : row.version + 1,
        childCount: row.childCount + entries,
        below: add(row.below, change.below, change.sign),
        heightMax: Math.max(row.heightMax, height),
      });
      id = row.removed ? undefined : row.parentId;
      entries = 0;
      if (height > 0) height += 1;
    }
  }

  #requireOutside(fileId: FileId, target: FileId): void {
    let id: FileId | undefined = target;
    while (id !== undefined) {
      if (id === fileId) refuse('a directory cannot be moved below itself');
      id = this.#known(id).parentId;
    }
  }
}

const countsOf = ({ kind, sizeBytes, below }: FileRow): TreeCounts => ({
  files: below.files + (kind === 'file' ? 1 : 0),
  directories: below.directories + (kind === 'directory' ? 1 : 0),
  symlinks: below.symlinks + (kind === 'symlink' ? 1 : 0),
  bytes: below.bytes + sizeBytes,
});

const add = (left: TreeCounts, right: TreeCounts, sign: 1 | -1): TreeCounts => ({
  files: left.files + sign * right.files,
  directories: left.directories + sign * right.directories,
  symlinks: left.symlinks + sign * right.symlinks,
  bytes: left.bytes + sign * right.bytes,
});

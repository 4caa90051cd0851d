import { assert, LIMITS, ROOT_FILE_ID, type FileId } from '../../../base/index.js';
import { fileIdPart, namePart } from '../../rows/keys.js';
import type { Page, ReadTable } from '../../rows/table.js';
import {
  type DeletedRow,
  DELETED,
  ENTRIES,
  type EntryRow,
  type FileKind,
  type FileRow,
  type PurgedCounts,
  VERSIONS,
  type VersionRow,
} from './rows.js';

/** How far a path leads. */
export interface Walk {
  /** Ids from the root on, one more than names were found; never empty. */
  readonly trail: readonly FileId[];
  /** The last of the trail. */
  readonly fileId: FileId;
  readonly kind: FileKind;
  /** Names that were found; all of them when the path exists. */
  readonly found: number;
}

export type DeletedKey = readonly [parentId: FileId, name: string, removedMs: number];

export interface NamespaceReader {
  file(id: FileId): FileRow | undefined;
  needFiles(ids: Iterable<FileId>): void;
  entry(parentId: FileId, name: string): EntryRow | undefined;
  needEntries(parentId: FileId, names: Iterable<string>): void;
  /** The entries of a directory after this name, in the order of the names' bytes. */
  entries(
    parentId: FileId,
    afterName: string | undefined,
    limit: number,
  ): Page<readonly [parentId: FileId, name: string], EntryRow>;
  version(id: FileId, version: number): VersionRow | undefined;
  needVersions(keys: Iterable<readonly [FileId, number]>): void;
  /** The versions of a file after this one, in their order; purged ones too. */
  versions(id: FileId, afterVersion: number, limit: number): Page<readonly [fileId: FileId, version: number], VersionRow>;
  /** What was removed from this name in a directory, the last one first. */
  deletedAt(parentId: FileId, name: string, limit: number): Page<DeletedKey, DeletedRow>;
  /** What was removed from a directory, after this key, by name. */
  deletedIn(parentId: FileId, after: DeletedKey | undefined, limit: number): Page<DeletedKey, DeletedRow>;
  /** Whose retention time began first: versions, and removed things as version 0. */
  ageing(limit: number): Page<readonly [sinceMs: number, fileId: FileId, version: number], true>;
  purged(): PurgedCounts;
  /** Follows names from the root as far as they lead. Symlinks are not followed. */
  walk(names: readonly string[]): Walk;
  /** Names from the root; undefined for what is unknown, or no longer reachable. */
  pathOf(id: FileId): readonly string[] | undefined;
}

const NOTHING_PURGED: PurgedCounts = { entries: 0, versions: 0, bytes: 0, storedBytes: 0 };

export function namespaceReader(tables: {
  readonly files: ReadTable<FileId, FileRow>;
  readonly entries: ReadTable<readonly [FileId, string], EntryRow>;
  readonly versions: ReadTable<readonly [FileId, number], VersionRow>;
  readonly deleted: ReadTable<DeletedKey, DeletedRow>;
  readonly ageing: ReadTable<readonly [number, FileId, number], true>;
  readonly purged: ReadTable<'only', PurgedCounts>;
}): NamespaceReader {
  const { files, entries, versions, deleted, ageing, purged } = tables;
  return {
    file: (id) => files.get(id),
    needFiles: (ids) => files.need(ids),
    entry: (parentId, name) => entries.get([parentId, name]),
    needEntries: (parentId, names) => entries.need([...names].map((name) => [parentId, name] as const)),
    entries(parentId, afterName, limit) {
      const after = afterName === undefined ? undefined : ENTRIES.key.encode([parentId, afterName]);
      return entries.page({ prefix: fileIdPart.encode(parentId), after, limit });
    },
    version: (id, version) => versions.get([id, version]),
    needVersions: (keys) => versions.need(keys),
    versions(id, afterVersion, limit) {
      return versions.page({ prefix: fileIdPart.encode(id), after: VERSIONS.key.encode([id, afterVersion]), limit });
    },
    deletedAt: (parentId, name, limit) => deleted.page({ prefix: fileIdPart.encode(parentId) + namePart.encode(name), limit }),
    deletedIn(parentId, after, limit) {
      const afterKey = after === undefined ? undefined : DELETED.key.encode(after);
      return deleted.page({ prefix: fileIdPart.encode(parentId), after: afterKey, limit });
    },
    ageing: (limit) => ageing.page({ prefix: '', limit }),
    purged: () => purged.get('only') ?? NOTHING_PURGED,
    walk(names) {
      const trail: FileId[] = [ROOT_FILE_ID];
      let fileId = ROOT_FILE_ID;
      let kind: FileKind = 'directory';
      for (const name of names) {
        const entry: EntryRow | undefined = kind === 'directory' ? entries.get([fileId, name]) : undefined;
        if (entry === undefined) break;
        ({ fileId, kind } = entry);
        trail.push(fileId);
      }
      return { trail, fileId, kind, found: trail.length - 1 };
    },
    pathOf(id) {
      const names: string[] = [];
      let row = files.get(id);
      while (row !== undefined && !row.removed) {
        if (row.parentId === undefined) return names.reverse();
        names.push(row.name);
        assert(names.length <= LIMITS.pathDepth, 'a tree is deeper than anything can be made');
        row = files.get(row.parentId);
      }
      return undefined;
    },
  };
}

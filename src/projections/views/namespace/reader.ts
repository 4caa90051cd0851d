import { assert, LIMITS, ROOT_FILE_ID, type FileId } from '../../../base/index.js';
import { fileIdPart } from '../../rows/keys.js';
import type { Page, ReadTable } from '../../rows/table.js';
import { ENTRIES, type EntryRow, type FileKind, type FileRow, type VersionRow } from './rows.js';

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
  /** Follows names from the root as far as they lead. Symlinks are not followed. */
  walk(names: readonly string[]): Walk;
  /** Names from the root; undefined for what is unknown, or no longer reachable. */
  pathOf(id: FileId): readonly string[] | undefined;
}

export function namespaceReader(tables: {
  readonly files: ReadTable<FileId, FileRow>;
  readonly entries: ReadTable<readonly [FileId, string], EntryRow>;
  readonly versions: ReadTable<readonly [FileId, number], VersionRow>;
}): NamespaceReader {
  const { files, entries, versions } = tables;
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

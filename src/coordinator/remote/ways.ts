import { compareBytes, LIMITS, utf8 } from '../../base/index.js';
import { find, type GrantScope, type HoldingGrant, type Names } from '../../domain/index.js';
import type { NamespaceReader } from '../../projections/index.js';
import type { EntryInfo, ListDirectoryResponse, TreeUsage } from '../../transport/index.js';
import { entryInfo } from '../files/entry-info.js';
import { usageOf } from '../files/usage-info.js';

export interface SeenFolder {
  readonly info: EntryInfo;
  readonly usage: TreeUsage;
}

const ONE_FOLDER: TreeUsage = {
  files: 0,
  directories: 1,
  symlinks: 0,
  bytes: 0,
  storedBytes: 0,
  keptVersions: 0,
  keptBytes: 0,
  keptStoredBytes: 0,
  deletedEntries: 0,
  deletedBytes: 0,
  deletedStoredBytes: 0,
};

const isBelow = (names: Names, top: Names): boolean => top.every((name, depth) => names[depth] === name);

/** What may be read at and below a folder, none of them in another. */
export function readableBelow(top: Names, scope: GrantScope): readonly HoldingGrant[] {
  const readable = scope.grants.filter(({ row, names }) => row.rights.includes('read') && isBelow(names, top));
  return readable.filter(
    ({ names }, index) =>
      !readable.some((other, at) => isBelow(names, other.names) && (other.names.length < names.length || at < index)),
  );
}

/** A folder as somebody sees it who may pass through it, or only put things into it: as if nothing else were there. */
export function folderOnTheWay(names: Names, scope: GrantScope, namespace: NamespaceReader): SeenFolder | undefined {
  const found = find(names, namespace);
  if (!found.ok || found.value.row.kind !== 'directory') return undefined;
  const { fileId, row } = found.value;
  const ways = scope.waysThrough(names);
  const usage = readableBelow(names, scope)
    .map((grant) => namespace.file(grant.row.directoryId))
    .reduce((sum, folder) => (folder === undefined ? sum : added(sum, usageOf(folder))), ONE_FOLDER);
  return { info: { ...entryInfo(names, fileId, row), version: 0, childCount: ways.length }, usage };
}

/** Its listing: the ways through it. */
export function listOnTheWay(
  names: Names,
  page: { readonly afterName: string; readonly limit: number; readonly withUsage: boolean },
  scope: GrantScope,
  namespace: NamespaceReader,
): ListDirectoryResponse {
  const after = utf8(page.afterName);
  const ways = scope
    .waysThrough(names)
    .map((name) => ({ name, bytes: utf8(name) }))
    .filter(({ bytes }) => compareBytes(bytes, after) > 0)
    .sort((a, b) => compareBytes(a.bytes, b.bytes));
  const limit = page.limit === 0 ? LIMITS.listPageEntries : Math.min(page.limit, LIMITS.listPageEntries);
  const seen = ways
    .slice(0, limit)
    .map(({ name }) => seenFolder([...names, name], scope, namespace))
    .filter((folder) => folder !== undefined);
  return {
    entries: seen.map(({ info }) => info),
    usages: page.withUsage ? seen.map(({ usage }) => usage) : [],
    more: ways.length > limit,
  };
}

function seenFolder(names: Names, scope: GrantScope, namespace: NamespaceReader): SeenFolder | undefined {
  if (!scope.covers(names, 'read')) return folderOnTheWay(names, scope, namespace);
  const found = find(names, namespace);
  if (!found.ok) return undefined;
  const { fileId, row } = found.value;
  return { info: entryInfo(names, fileId, row), usage: usageOf(row) };
}

const added = (sum: TreeUsage, more: TreeUsage): TreeUsage => ({
  files: sum.files + more.files,
  directories: sum.directories + more.directories,
  symlinks: sum.symlinks + more.symlinks,
  bytes: sum.bytes + more.bytes,
  storedBytes: sum.storedBytes + more.storedBytes,
  keptVersions: sum.keptVersions + more.keptVersions,
  keptBytes: sum.keptBytes + more.keptBytes,
  keptStoredBytes: sum.keptStoredBytes + more.keptStoredBytes,
  deletedEntries: sum.deletedEntries + more.deletedEntries,
  deletedBytes: sum.deletedBytes + more.deletedBytes,
  deletedStoredBytes: sum.deletedStoredBytes + more.deletedStoredBytes,
});

import { CollectiveError, fail, type FileId, LIMITS, ok, type Result, ROOT_FILE_ID } from '../../base/index.js';
import type { Actor } from '../../events/index.js';
import type { FileRow, NamespaceReader, VersionRow } from '../../projections/index.js';
import { find, type Found, type Names, showPath } from './lookup.js';

/** How something that stood at a path went: by itself, or with a folder on the way there. The first of these, where several. */
export interface Gone {
  readonly atMs: number;
  readonly by: Actor;
}

/** Something that stands at a path, or stood there and can still be put back. */
export interface Standing {
  readonly fileId: FileId;
  readonly row: FileRow;
  /** Where its entry is, or was; undefined for the root. */
  readonly parentId: FileId | undefined;
  readonly name: string;
  /** Undefined: it stands there. */
  readonly gone: Gone | undefined;
}

/** Until when, and from when on, things are kept. */
export interface Retention {
  readonly nowMs: number;
  readonly retentionMs: number;
}

/** What stands at a path. Errors: as `find`. */
export function standingAt(names: Names, namespace: NamespaceReader): Result<Standing, CollectiveError> {
  const found = find(names, namespace);
  return found.ok ? ok(standing(found.value)) : found;
}

export const standing = ({ fileId, row }: Found): Standing => ({
  fileId,
  row,
  parentId: row.parentId,
  name: row.name,
  gone: undefined,
});

interface Candidate {
  readonly fileId: FileId;
  readonly parentId: FileId | undefined;
  readonly name: string;
  readonly gone: Gone | undefined;
}

/**
 * All that stands or stood at a path, what stands there first, then what went last. Of very many the newest
 * (LIMITS.deletedAtPath). What is past its retention time is still among them.
 */
export function everAt(names: Names, namespace: NamespaceReader): readonly Standing[] {
  let found: readonly Candidate[] = [{ fileId: ROOT_FILE_ID, parentId: undefined, name: '', gone: undefined }];
  for (const name of names) {
    found = found
      .flatMap((candidate) => childrenOf(candidate, name, namespace))
      .sort(newestFirst)
      .slice(0, LIMITS.deletedAtPath);
  }
  namespace.needFiles(found.map(({ fileId }) => fileId));
  return found.flatMap((candidate) => {
    const row = namespace.file(candidate.fileId);
    return row === undefined ? [] : [{ ...candidate, row }];
  });
}

function childrenOf({ fileId, gone }: Candidate, name: string, namespace: NamespaceReader): readonly Candidate[] {
  const entry = namespace.entry(fileId, name);
  const there: Candidate[] = entry === undefined ? [] : [{ fileId: entry.fileId, parentId: fileId, name, gone }];
  const deleted = namespace.deletedAt(fileId, name, LIMITS.deletedAtPath).rows.map(
    ([[, , removedMs], row]): Candidate => ({
      fileId: row.fileId,
      parentId: fileId,
      name,
      gone: gone !== undefined && gone.atMs < removedMs ? gone : { atMs: removedMs, by: row.removedBy },
    }),
  );
  return [...there, ...deleted];
}

/** At most one of them stands there. */
const newestFirst = (left: Candidate, right: Candidate): number =>
  (right.gone?.atMs ?? Number.MAX_SAFE_INTEGER) - (left.gone?.atMs ?? Number.MAX_SAFE_INTEGER);

/** Whether what ended at that time can still be put back. */
export const inTime = (endedMs: number, { nowMs, retentionMs }: Retention): boolean => nowMs < endedMs + retentionMs;

export const restorable = (standing: Standing, retention: Retention): boolean =>
  standing.gone === undefined || inTime(standing.gone.atMs, retention);

/** Which of the things at a path, and which version of it. */
export interface Which {
  /** Undefined: what stands there, else what went last. */
  readonly fileId: FileId | undefined;
  /** Undefined: the current one, or the last. */
  readonly version: number | undefined;
  /** As it was at this time. */
  readonly atMs: number | undefined;
}

export const ANY: Which = { fileId: undefined, version: undefined, atMs: undefined };

export interface Chosen {
  readonly standing: Standing;
  /** Of a file, its number; undefined for what has no versions. */
  readonly version: number | undefined;
}

/** What was meant. Errors: NOT_FOUND, which says what there is; REQUEST_INVALID. */
export function choose(
  names: Names,
  which: Which,
  namespace: NamespaceReader,
  retention: Retention,
): Result<Chosen, CollectiveError> {
  const { fileId, version, atMs } = which;
  const all = everAt(names, namespace).filter((each) => restorable(each, retention));
  const meant = fileId === undefined ? all : all.filter((each) => each.fileId === fileId);
  const first = meant.find(({ row }) => version === undefined || row.kind === 'file') ?? meant[0];
  if (first === undefined) return fail(nothingThere(names, all.length > 0));
  if (version !== undefined && atMs !== undefined) {
    return fail(new CollectiveError('REQUEST_INVALID', 'Say a version or a time, not both.'));
  }
  if (atMs !== undefined) return chooseAt(names, atMs, meant, namespace);
  if (first.row.kind === 'file') return ok({ standing: first, version: version ?? first.row.version });
  return version === undefined ? ok({ standing: first, version }) : fail(noVersions(names, first));
}

/** What went first after that time stood there then; a file that has no version of that time did not. */
function chooseAt(
  names: Names,
  atMs: number,
  newestFirst: readonly Standing[],
  namespace: NamespaceReader,
): Result<Chosen, CollectiveError> {
  for (const standing of newestFirst.toReversed()) {
    if (standing.gone !== undefined && standing.gone.atMs <= atMs) continue;
    if (standing.row.kind !== 'file') return ok({ standing, version: undefined });
    const version = versionAt(standing, atMs, namespace);
    if (version > 0) return ok({ standing, version });
  }
  return fail(
    new CollectiveError('NOT_FOUND', `Nothing is known to have stood at ${showPath(names)} at that time.`, {
      next: `See what is kept: collective versions ${showPath(names)}`,
      details: { path: showPath(names) },
    }),
  );
}

/** The version that was current at that time, 0 before the first: they were committed one after another. */
function versionAt({ fileId, row }: Standing, atMs: number, namespace: NamespaceReader): number {
  let low = 0;
  let high = row.version;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const committedMs = namespace.version(fileId, middle)?.committedMs ?? Number.POSITIVE_INFINITY;
    if (committedMs <= atMs) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** A version that can be read and put back. Errors: NOT_FOUND for one that never was, is purged, or is past its time. */
export function keptVersion(
  names: Names,
  { standing, version }: { readonly standing: Standing; readonly version: number },
  namespace: NamespaceReader,
  retention: Retention,
): Result<VersionRow, CollectiveError> {
  const { fileId, row } = standing;
  const found = namespace.version(fileId, version);
  const refuse = (why: string): Result<never, CollectiveError> =>
    fail(
      new CollectiveError('NOT_FOUND', `Version ${version} of ${showPath(names)} ${why}.`, {
        next: `See what is kept: collective versions ${showPath(names)}`,
        details: { path: showPath(names), version },
      }),
    );
  if (found === undefined) return refuse(`never was; the newest is ${row.version}`);
  if (found.purged) return refuse('is gone for good');
  if (version === row.version) return ok(found);
  const endedMs = namespace.version(fileId, version + 1)?.committedMs ?? 0;
  return inTime(endedMs, retention) ? ok(found) : refuse('was kept for its time and is gone');
}

function nothingThere(names: Names, others: boolean): CollectiveError {
  const path = showPath(names);
  const folder = showPath(names.slice(0, -1));
  return new CollectiveError('NOT_FOUND', others ? `No such file stood at ${path}.` : `There is no ${path}, and none is kept.`, {
    next: others ? `collective versions ${path}` : `See what was deleted: collective versions --deleted ${folder}`,
    details: { path },
  });
}

const noVersions = (names: Names, { row }: Standing): CollectiveError =>
  new CollectiveError(
    'REQUEST_INVALID',
    `${showPath(names)} is a ${row.kind === 'directory' ? 'folder' : row.kind}: it has no versions.`,
    {
      next: 'Say a version of one of the files in it.',
      details: { path: showPath(names) },
    },
  );

import { CollectiveError, fail, type FileId, formatRemotePath, ok, type Result } from '../../base/index.js';
import type { FileRow, NamespaceReader } from '../../projections/index.js';

/** Names from the root of the own tree; checked by `parseRemotePath` before they come here. */
export type Names = readonly string[];

export interface Found {
  readonly fileId: FileId;
  readonly row: FileRow;
}

export const showPath = (names: Names): string => formatRemotePath({ member: undefined, names });

/** Taken for what the system itself may keep there one day. */
const RESERVED_ROOT_NAME = '.collective';

/** What stands at a path. Errors: NOT_FOUND, NOT_A_DIRECTORY (something on the way is no directory). */
export function find(names: Names, namespace: NamespaceReader): Result<Found, CollectiveError> {
  const walk = namespace.walk(names);
  const row = namespace.file(walk.fileId);
  if (walk.found === names.length && row !== undefined) return ok({ fileId: walk.fileId, row });
  return fail(missing(names, walk.found, walk.kind === 'directory'));
}

/** The directory at a path. Errors: as `find`, and NOT_A_DIRECTORY. */
export function findDirectory(names: Names, namespace: NamespaceReader): Result<Found, CollectiveError> {
  const found = find(names, namespace);
  if (!found.ok || found.value.row.kind === 'directory') return found;
  return fail(notADirectory(names));
}

function missing(names: Names, found: number, inDirectory: boolean): CollectiveError {
  if (!inDirectory) return notADirectory(names.slice(0, found));
  const path = showPath(names);
  const first = showPath(names.slice(0, found + 1));
  return new CollectiveError(
    'NOT_FOUND',
    first === path ? `There is no ${path}.` : `There is no ${path}: ${first} does not exist.`,
    {
      next: `See what is there: collective ls ${showPath(names.slice(0, found))}`,
      details: { path },
    },
  );
}

export const notADirectory = (names: Names): CollectiveError =>
  new CollectiveError('NOT_A_DIRECTORY', `${showPath(names)} is not a folder.`, {
    next: `See what it is: collective stat ${showPath(names)}`,
    details: { path: showPath(names) },
  });

export const isADirectory = (names: Names, next = `See what is in it: collective ls ${showPath(names)}`): CollectiveError =>
  new CollectiveError('IS_A_DIRECTORY', `${showPath(names)} is a folder.`, { next, details: { path: showPath(names) } });

export const alreadyExists = (names: Names): CollectiveError =>
  new CollectiveError('ALREADY_EXISTS', `${showPath(names)} exists already.`, {
    next: `Choose another name, or see what is there: collective stat ${showPath(names)}`,
    details: { path: showPath(names) },
  });

/** The name that is to be made in a directory. Error: NAME_INVALID for the root itself and for a reserved name. */
export function newName(names: Names): Result<string, CollectiveError> {
  const name = names.at(-1);
  if (name === undefined)
    return fail(
      new CollectiveError('NAME_INVALID', 'The root folder is always there: it cannot be replaced or removed.', {
        next: 'Name something in it, such as /photos.',
      }),
    );
  if (names[0] === RESERVED_ROOT_NAME) {
    return fail(new CollectiveError('NAME_INVALID', `/${RESERVED_ROOT_NAME} is reserved.`, { next: 'Choose another name.' }));
  }
  return ok(name);
}

/** Refuses when something is not at the version that the caller has seen. Error: VERSION_CONFLICT. */
export function checkVersion(names: Names, actual: number, expected: number | undefined): Result<undefined, CollectiveError> {
  if (expected === undefined || expected === actual) return ok(undefined);
  const shown = actual === 0 ? 'does not exist' : `is at version ${actual}`;
  return fail(
    new CollectiveError('VERSION_CONFLICT', `${showPath(names)} ${shown}, not at version ${expected}: somebody changed it.`, {
      next: 'Read it again, then decide.',
      details: { path: showPath(names), expectedVersion: expected, actualVersion: actual },
    }),
  );
}

import { utf8 } from './bytes.js';
import { CollectiveError } from './errors.js';
import { LIMITS } from './limits.js';
import { fail, ok, type Result } from './result.js';

/** A name in a directory: valid UTF-8, 1 to 255 bytes, no `/` or NUL, not `.` or `..`. Compared bytewise, never normalised. */
export function checkName(name: string): Result<string, CollectiveError> {
  const refuse = (why: string): Result<string, CollectiveError> =>
    fail(new CollectiveError('NAME_INVALID', `The name ${JSON.stringify(clip(name))} ${why}.`, { next: 'Choose another name.' }));
  if (name.length === 0) return refuse('is empty');
  if (name === '.' || name === '..') return refuse('is reserved');
  if (name.includes('/')) return refuse('contains a slash');
  if (name.includes('\0')) return refuse('contains a NUL character');
  if (!name.isWellFormed()) return refuse('is not valid Unicode');
  // A UTF-16 unit takes at most three bytes of UTF-8.
  const length = name.length * 3 <= LIMITS.nameBytes ? name.length : utf8(name).length;
  if (length > LIMITS.nameBytes) return refuse(`has ${length} bytes, more than ${LIMITS.nameBytes}`);
  return ok(name);
}

/** A remote path: whose tree (undefined: the own member's) and the names from its root. */
export interface RemotePath {
  readonly member: string | undefined;
  readonly names: readonly string[];
}

/**
 * Reads `/photos/a.jpg` or `bob:/photos/a.jpg`. Repeated and trailing slashes are ignored; `.` and `..` are refused, not
 * resolved. Errors: PATH_INVALID, NAME_INVALID, LIMIT_EXCEEDED.
 */
export function parseRemotePath(text: string): Result<RemotePath, CollectiveError> {
  const match = /^(?:([a-z0-9][a-z0-9._-]{0,63}):)?(\/.*)$/su.exec(text);
  if (match === null) {
    return fail(
      new CollectiveError('PATH_INVALID', `${JSON.stringify(clip(text))} is not a remote path.`, {
        next: `Remote paths begin with a slash: ${meantPath(text)}`,
      }),
    );
  }
  const names = (match[2] ?? '').split('/').filter((name) => name.length > 0);
  if (names.length > LIMITS.pathDepth) {
    return fail(new CollectiveError('LIMIT_EXCEEDED', `The path has ${names.length} levels, more than ${LIMITS.pathDepth}.`));
  }
  for (const name of names) {
    const checked = checkName(name);
    if (!checked.ok) return checked;
  }
  return ok({ member: match[1], names });
}

/** With the slash that was left out: behind the colon, where a member was named. */
function meantPath(text: string): string {
  if (text === '') return '/photos/a.jpg';
  const [, member, rest] = /^([a-zA-Z0-9][a-zA-Z0-9._-]{0,63}):(.*)$/su.exec(clip(text)) ?? [];
  const slashed = (path: string): string => `/${path.replace(/^(?:\.?\/)+/, '')}`;
  return member === undefined ? slashed(clip(text)) : `${member.toLowerCase()}:${slashed(rest ?? '')}`;
}

export const formatRemotePath = (path: RemotePath): string =>
  `${path.member === undefined ? '' : `${path.member}:`}/${path.names.join('/')}`;

const clip = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}...` : text);

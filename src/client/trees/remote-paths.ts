import { CollectiveError, formatRemotePath, parseRemotePath } from '../../base/index.js';

/** A remote path as it was written: in its plain form, its last name, and whether a slash at the end says "a folder". */
export interface WrittenPath {
  readonly path: string;
  /** Empty for the root. */
  readonly name: string;
  readonly asFolder: boolean;
}

/** Errors: PATH_INVALID, NAME_INVALID, LIMIT_EXCEEDED; UNSUPPORTED for another member's tree. */
export function readRemotePath(text: string): WrittenPath {
  const parsed = parseRemotePath(text);
  if (!parsed.ok) throw parsed.error;
  const { member, names } = parsed.value;
  if (member !== undefined) {
    throw new CollectiveError('UNSUPPORTED', `${text}: the trees of other members cannot be used yet.`, {
      next: 'Write a path of your own tree, such as /photos.',
    });
  }
  return { path: formatRemotePath(parsed.value), name: names.at(-1) ?? '', asFolder: text.endsWith('/') };
}

export const childPath = (folder: string, name: string): string => (folder === '/' ? `/${name}` : `${folder}/${name}`);

import { formatRemotePath, parseRemotePath } from '../../base/index.js';

/** A remote path as it was written: in its plain form, its last name, and whether a slash at the end says "a folder". */
export interface WrittenPath {
  readonly path: string;
  /** Empty for the root. */
  readonly name: string;
  readonly asFolder: boolean;
}

/** With the member before it where it is another's: `bob:/photos`. Errors: PATH_INVALID, NAME_INVALID, LIMIT_EXCEEDED. */
export function readRemotePath(text: string): WrittenPath {
  const parsed = parseRemotePath(text);
  if (!parsed.ok) throw parsed.error;
  const { names } = parsed.value;
  return { path: formatRemotePath(parsed.value), name: names.at(-1) ?? '', asFolder: text.endsWith('/') };
}

export const childPath = (folder: string, name: string): string => `${isRoot(folder) ? folder : `${folder}/`}${name}`;

/** Of a plain path: `/` and `bob:/`. */
export const isRoot = (path: string): boolean => path.endsWith('/');

/** Of a plain path; of a root the root itself. */
export function parentPath(path: string): string {
  const parsed = parseRemotePath(path);
  if (!parsed.ok) throw parsed.error;
  return formatRemotePath({ ...parsed.value, names: parsed.value.names.slice(0, -1) });
}

import type { FileId } from '../../base/index.js';
import type { NamespaceReader } from '../../projections/index.js';
import type { Names } from './lookup.js';

/** Where something is, or was when it went, by itself or with a folder above it. Undefined: it is not known any more. */
export function formerPath(id: FileId, namespace: Pick<NamespaceReader, 'file'>): Names | undefined {
  const names: string[] = [];
  for (let row = namespace.file(id); row !== undefined; row = namespace.file(row.parentId)) {
    if (row.purged) return undefined;
    if (row.parentId === undefined) return names.reverse();
    names.push(row.name);
  }
  return undefined;
}

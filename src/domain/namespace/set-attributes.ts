import { ok } from '../../base/index.js';
import type { FileTime } from '../../events/index.js';
import type { NamespaceReader } from '../../projections/index.js';
import type { Decision } from '../decision.js';
import { find, type Names } from './lookup.js';

export interface SetAttributes {
  readonly names: Names;
  /** Undefined: unchanged. */
  readonly mode: number | undefined;
  readonly modified: FileTime | undefined;
}

/** Only what differs is recorded. */
export function decideSetAttributes({ names, mode, modified }: SetAttributes, namespace: NamespaceReader): Decision {
  const found = find(names, namespace);
  if (!found.ok) return found;
  const { fileId, row } = found.value;
  const newMode = mode === row.mode ? undefined : mode;
  const same = modified?.seconds === row.modified.seconds && modified?.nanoseconds === row.modified.nanoseconds;
  const newTime = same ? undefined : modified;
  if (newMode === undefined && newTime === undefined) return ok([]);
  return ok([{ type: 'AttributesChanged', fileId, mode: newMode, modified: newTime }]);
}

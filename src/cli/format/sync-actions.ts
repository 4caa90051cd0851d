import { formatSize } from '../../base/index.js';
import type { SyncAction, SyncPlan } from '../../client/index.js';
import { printable } from './entries.js';

/** One step of a sync, for scripts. */
export interface SyncActionJson {
  readonly action: 'create' | 'update' | 'attributes' | 'remove';
  readonly type: SyncAction['entry']['kind'];
  /** Relative to both folders; `.` for these themselves. */
  readonly path: string;
  readonly size?: number;
}

/** The steps that are worth telling, in the order in which they are done. */
export function toldActions({ actions }: SyncPlan): readonly SyncAction[] {
  const told = actions.filter((action) => action.kind !== 'attributes' || !action.quiet);
  const rank = (action: SyncAction): number => {
    if (action.kind === 'remove') return action.inTheWay ? 0 : 2;
    return action.kind === 'attributes' ? 3 : 1;
  };
  return told.toSorted((a, b) => rank(a) - rank(b));
}

export function syncActionJson({ kind, path, entry }: SyncAction): SyncActionJson {
  const size = entry.kind === 'file' && (kind === 'create' || kind === 'update') ? { size: entry.bytes } : {};
  return { action: kind, type: entry.kind, path: path === '' ? '.' : path, ...size };
}

const WORDS = { create: 'new', update: 'changed', attributes: 'mode or time', remove: 'remove' } as const;

export function syncActionLine(action: SyncAction, tty: boolean): string {
  const { path, size } = syncActionJson(action);
  const shown = tty ? printable(path) : path;
  const slash = action.entry.kind === 'directory' ? '/' : '';
  return `${WORDS[action.kind].padEnd(12)}  ${shown}${slash}${size === undefined ? '' : `  ${formatSize(size)}`}`;
}

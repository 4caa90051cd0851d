import { counted } from '../../base/index.js';
import type { BoundFolders } from '../../client/index.js';
import { printable } from './printable.js';

/** What was bound to a folder that was removed. */
export function boundText(path: string, { grants, policies, folders, paths }: BoundFolders): string {
  const what = [
    ...(grants > 0 ? [counted(grants, 'grant')] : []),
    ...(policies > 0 ? [counted(policies, 'policy', 'policies')] : []),
  ].join(' and ');
  const more = folders > paths.length ? `, and ${folders - paths.length} more` : '';
  const where = `${paths.map(printable).join(', ')}${more}`;
  const verb = grants + policies === 1 ? 'does' : 'do';
  return `${what} of ${where} ${verb} not hold any more, until: collective restore ${printable(path)}`;
}

import { formatSize } from '../../base/index.js';
import type { SharedJson } from './status.js';

/** What lies with other members, and what is kept for them; no line for what nobody has begun with. */
export function sharedLines(
  { withMembers, forMembers }: SharedJson,
  titles: { readonly others: string; readonly kept: string },
): readonly string[] {
  const lines: string[] = [];
  if (withMembers.size > 0 || withMembers.pledged > 0)
    lines.push(
      `${titles.others}${formatSize(withMembers.size)} of yours lie with other members; pledged to you: ${formatSize(withMembers.pledged)}`,
    );
  if (forMembers.size > 0 || forMembers.pledged > 0)
    lines.push(
      `${titles.kept}${formatSize(forMembers.size)} of theirs are on your nodes; pledged by you: ${formatSize(forMembers.pledged)}`,
    );
  return lines;
}

import { formatSize } from '../../base/index.js';

/** What is amiss with a pledge that was given, and what to do. */
export interface PledgeShortfall {
  readonly code: 'pledge-below-use' | 'pledges-above-room';
  readonly severity: 'notice' | 'warning';
  readonly message: string;
  readonly next: string;
}

/** Less than is kept already. */
export function belowUse(pledge: {
  readonly name: string;
  readonly pledgedBytes: number;
  readonly usedBytes: number;
}): PledgeShortfall | undefined {
  const { name, pledgedBytes, usedBytes } = pledge;
  if (usedBytes <= pledgedBytes) return undefined;
  return {
    code: 'pledge-below-use',
    severity: 'notice',
    message: `${formatSize(usedBytes)} are kept for ${name}, ${formatSize(usedBytes - pledgedBytes)} more than you pledge: they stay until ${name} gives them up, and nothing new is taken.`,
    next: 'See what is used of each pledge: collective pledge list',
  };
}

/** More than could be kept: whoever counts on it is refused once the nodes are full. */
export function aboveRoom(unusedBytes: number, freeBytes: number): PledgeShortfall | undefined {
  if (unusedBytes <= freeBytes) return undefined;
  return {
    code: 'pledges-above-room',
    severity: 'notice',
    message: `Of what you pledged to others, ${formatSize(unusedBytes)} are not used yet, and your nodes have ${formatSize(freeBytes)} free now.`,
    next: 'Pledge less (collective pledge list), or add a node: collective node invite',
  };
}

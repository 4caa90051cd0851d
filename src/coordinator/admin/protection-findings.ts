import { counted } from '../../base/index.js';
import type { Finding, NodeInfo, UsageInfo } from '../../transport/index.js';
import type { Situation } from './findings.js';

const NAMED_MAX = 3;

type ProtectionSituation = Pick<Situation, 'nodes' | 'usage' | 'policy' | 'forfeited' | 'filesOutOfReach'>;

/** What is amiss with the copies of chunks, and what makes it good. */
export function protectionFindings(situation: ProtectionSituation): readonly Finding[] {
  const { usage, forfeited } = situation;
  const found: Finding[] = [];
  if (usage.damagedCopies > 0) {
    found.push({
      code: 'damaged-copies',
      severity: 'warning',
      message: `${counted(usage.damagedCopies, 'copy', 'copies')} ${usage.damagedCopies === 1 ? 'was' : 'were'} found damaged or missing.`,
      next: 'Put the files again to make them whole; see which nodes lost copies: collective node list',
    });
  }
  if (usage.underProtectedChunks > 0) {
    const have = usage.underProtectedChunks === 1 ? 'has' : 'have';
    found.push({
      code: 'under-protected',
      severity: 'warning',
      message: `${counted(usage.underProtectedChunks, 'chunk')} ${have} fewer copies than wanted${filesOf(usage)}.`,
      next: nextOf(situation),
    });
    if (forfeited.length > 0) found.push(forfeitedFinding(forfeited));
  }
  if (situation.filesOutOfReach > 0) {
    const have = situation.filesOutOfReach === 1 ? 'has' : 'have';
    found.push({
      code: 'copies-out-of-reach',
      severity: 'notice',
      message: `${counted(situation.filesOutOfReach, 'file')} ${have} fewer copies within reach than wanted: others are at nodes that are away.`,
      next: 'Bring back the nodes that are away: collective node list',
    });
  }
  return found;
}

/** Why there are too few, where that is no damage: copies at a node do not count any more once it is revoked or removed. */
function forfeitedFinding(forfeited: Situation['forfeited']): Finding {
  const copies = forfeited.reduce((sum, each) => sum + each.copies, 0);
  const named = forfeited.slice(0, NAMED_MAX).map(({ node, how }) => `${node}, which was ${how}`);
  const others = forfeited.length - named.length;
  const where = [...named, ...(others > 0 ? [`${others} more`] : [])].join('; ');
  const [was, does] = copies === 1 ? ['was', 'does'] : ['were', 'do'];
  return {
    code: 'forfeited-copies',
    severity: 'notice',
    message: `${counted(copies, 'copy', 'copies')} ${was} on node ${where}, and ${does} not count any more.`,
    next: 'Put the files that have too few copies now again; see which: collective find / --under-protected',
  };
}

/** The rest are older versions, or what was deleted. */
function filesOf({ storage }: UsageInfo): string {
  const files = storage?.underProtectedFiles;
  return files === undefined ? '' : `; ${counted(files, 'file')} had such chunks when last counted`;
}

function nextOf({ nodes, policy }: Pick<Situation, 'nodes' | 'policy'>): string {
  const see = 'collective find / --under-protected';
  const ofUse = nodes.filter(({ state }) => state !== 'revoked');
  if (ofUse.length < policy.wanted)
    return 'Add a node, best on another machine: collective node invite; then put the files again.';
  return ofUse.some(isAway)
    ? `Bring back the nodes that are away (collective node list), or put the files again; see which: ${see}`
    : `Put the files again: what is missing is stored anew; see which: ${see}`;
}

const isAway = ({ state }: NodeInfo): boolean => state !== 'online';

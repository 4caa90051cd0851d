import { counted } from '../../base/index.js';
import { type HoldersNow, type MemberRoom, shortfallOf } from '../../domain/index.js';
import type { Finding, NodeInfo, UsageInfo } from '../../transport/index.js';
import type { Situation } from './findings.js';

const NAMED_MAX = 3;

type ProtectionSituation = Pick<
  Situation,
  'nodes' | 'usage' | 'policies' | 'members' | 'forfeited' | 'filesOutOfReach' | 'lostFiles'
>;

/** What is amiss with the copies of chunks, and what makes it good. */
export function protectionFindings(situation: ProtectionSituation): readonly Finding[] {
  const { usage, forfeited, lostFiles } = situation;
  const found: Finding[] = [];
  // They were counted a while ago: once no chunk has too few copies, none is lost.
  if (lostFiles > 0 && usage.underProtectedChunks > 0) found.push(lostFinding(lostFiles));
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
    found.push(outOfReachFinding(situation));
  }
  return found;
}

/** Only who was given up may have a copy still: what is away counts as having it. */
const lostFinding = (files: number): Finding => ({
  code: 'lost-files',
  severity: 'failure',
  message: `${counted(files, 'file')} could not be read whole any more when last counted: of some chunks nobody who counts keeps a copy.`,
  next: 'See which: collective whereis -r /; put them again from where they came from; a member that was removed may have kept what it held (collective member list)',
});

/** There are enough copies, and too few that can be had now. Members with a pledge are named: who else keeps any is found with it. */
function outOfReachFinding({ filesOutOfReach, members }: ProtectionSituation): Finding {
  const refusing = members.filter(({ reach, pledgedBytes }) => reach === 'not-admitted' && pledgedBytes > 0);
  const names = refusing.slice(0, NAMED_MAX).map(({ name }) => name);
  const others = refusing.length > 0 ? `, or at members that do not let you in (${names.join(', ')})` : '';
  const talk = refusing.length > 0 ? `, and talk with those that do not let you in (collective peer list)` : '';
  return {
    code: 'copies-out-of-reach',
    severity: 'notice',
    message: `${counted(filesOutOfReach, 'file')} had fewer copies within reach than wanted when last counted: others are at nodes or members that are away${others}.`,
    next: `Bring back the nodes that are away (collective node list), wait for the members (collective peer list)${talk}`,
  };
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
  if (files === undefined) return '';
  return files === 0
    ? '; no current file had such chunks when last counted'
    : `; ${counted(files, 'file')} had such chunks when last counted`;
}

function nextOf({ nodes, members, policies }: ProtectionSituation): string {
  const see = 'collective find / --under-protected';
  if (nodes.some(isAway))
    return `Bring back the nodes that are away (collective node list), or put the files again; see which: ${see}`;
  const holders = holdersNow(nodes, members);
  const missing = policies.map((policy) => shortfallOf(policy, holders)).find((each) => each?.severity === 'warning');
  return missing === undefined
    ? `Put the files again: they get as many copies as their policy asks for now; see which: ${see}`
    : `${missing.next}; then put the files again.`;
}

const isAway = ({ state }: NodeInfo): boolean => state !== 'online' && state !== 'revoked';

/** Who could take chunks now; `members`: all that are admitted. */
export function holdersNow(nodes: readonly NodeInfo[], members: readonly MemberRoom[]): HoldersNow {
  const taking = nodes.filter((node) => node.state === 'online' && node.storeState === 'ready').length;
  const ofUse = nodes.filter(({ state }) => state !== 'revoked').length;
  return { nodes: taking, nodesAway: ofUse - taking, members };
}

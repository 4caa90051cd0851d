import { counted } from '../../base/index.js';
import { copiesWord } from '../copies-word.js';
import type { MemberReach } from './member-reach.js';
import type { Policy } from './policy-for.js';

/** Who could take chunks now. */
export interface HoldersNow {
  /** Own nodes that are here and take chunks. */
  readonly nodes: number;
  /** Own nodes that would, were they here and well. */
  readonly nodesAway: number;
  readonly members: readonly MemberRoom[];
}

/** An admitted member, as far as it may keep copies for this one. */
export interface MemberRoom {
  readonly name: string;
  /** 0: it has pledged nothing. */
  readonly pledgedBytes: number;
  /** Of its pledge; less than 0 where that was lowered. */
  readonly leftBytes: number;
  readonly reach: MemberReach;
}

/** For what a policy holds. */
export interface PolicyPlace extends Policy {
  /** The folder that says so. */
  readonly path: string;
  /** As part of a sentence: empty, or such as ` in /photos`. */
  readonly where: string;
}

/** What keeps a policy from being met by what is put now, and what to do. */
export interface Shortfall {
  readonly code: 'too-few-nodes' | 'too-few-holders' | 'spread-unmet';
  /** notice: there will be as many copies as wanted, and not where they were wanted. */
  readonly severity: 'notice' | 'warning';
  readonly message: string;
  readonly next: string;
}

const NAMED_MAX = 3;

/** Undefined: all can be done now that the policy asks for. */
export function shortfallOf(policy: PolicyPlace, holders: HoldersNow): Shortfall | undefined {
  const { copies, minimumCopies, spread, where } = policy;
  const shared = spread === 'members';
  const possible = holders.nodes + (shared ? withRoom(holders).length : 0);
  const there = where === '' ? '' : ' there';
  if (possible < copies) {
    const most = `what is stored${there} now has ${possible}`;
    const rest =
      possible < minimumCopies
        ? `files${where} are kept in ${copiesWord(minimumCopies)}: nothing can be stored${there}.`
        : `files${where} are wanted in ${copiesWord(copies)}: ${most}.`;
    return {
      code: shared ? 'too-few-holders' : 'too-few-nodes',
      severity: 'warning',
      message: `${takers(holders, shared)} can take chunks now, and ${rest}`,
      next: shared ? ways(holders, { nodesHelp: true }) : nextForNodes(policy, holders),
    };
  }
  return shared ? unmetSpread(policy, holders) : undefined;
}

/** There are enough copies, more of them on own nodes than was wanted. */
function unmetSpread({ copies, where }: PolicyPlace, holders: HoldersNow): Shortfall | undefined {
  const others = withRoom(holders);
  const extra = copies - others.length - Math.min(1, holders.nodes);
  if (extra <= 0) return undefined;
  const who = others.length === 0 ? 'no other member has' : `only ${named(others)} ${others.length === 1 ? 'has' : 'have'}`;
  return {
    code: 'spread-unmet',
    severity: 'notice',
    message: `Files${where} are to be spread over ${counted(copies, 'member')}, and ${who} room for you now: ${copiesWord(extra)} more ${extra === 1 ? 'goes' : 'go'} to nodes of yours.`,
    next: ways(holders, { nodesHelp: false }),
  };
}

const withRoom = ({ members }: HoldersNow): readonly MemberRoom[] =>
  members.filter(({ reach, leftBytes }) => reach === 'here' && leftBytes > 0);

function takers(holders: HoldersNow, shared: boolean): string {
  const nodes = holders.nodes === 0 ? 'No node' : counted(holders.nodes, 'node');
  if (!shared) return nodes;
  const others = withRoom(holders);
  const members = others.length === 0 ? 'no other member' : `${counted(others.length, 'other member')} (${named(others)})`;
  return `${nodes} of yours and ${members}`;
}

function named(members: readonly { readonly name: string }[]): string {
  const names = members.slice(0, NAMED_MAX).map(({ name }) => name);
  const more = members.length - names.length;
  return [...names, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

const INVITE_NODE = 'collective node invite';

function nextForNodes({ copies, minimumCopies, path }: PolicyPlace, holders: HoldersNow): string {
  const { nodes, nodesAway } = holders;
  const others = withRoom(holders).length;
  const own =
    nodes + nodesAway < copies
      ? `Add a node, best on another machine: ${INVITE_NODE}`
      : 'See what keeps the others from it: collective node list';
  if (others === 0) return own;
  const enough = minimumCopies < copies ? ` --min-copies ${minimumCopies}` : '';
  return `${own}; or let copies go to other members: collective policy set ${path} --copies ${copies} --spread members${enough}`;
}

/** What each of those could do who might keep copies and cannot now. */
function ways({ members, nodesAway }: HoldersNow, { nodesHelp }: { readonly nodesHelp: boolean }): string {
  const pledged = members.filter(({ leftBytes }) => leftBytes > 0);
  const away = pledged.filter(({ reach }) => reach === 'away');
  const refusing = pledged.filter(({ reach }) => reach === 'not-admitted');
  const without = members.filter(({ pledgedBytes }) => pledgedBytes === 0);
  const usedUp = members.filter(({ pledgedBytes, leftBytes }) => pledgedBytes > 0 && leftBytes <= 0);
  const found: string[] = [];
  if (away.length > 0) found.push(`wait for ${named(away)}: pledged, and away now (collective peer list)`);
  if (refusing.length > 0)
    found.push(`talk with the people of ${named(refusing)}: pledged, and not letting you in now (collective peer list)`);
  if (nodesHelp && nodesAway > 0) found.push('bring back your nodes that take nothing now (collective node list)');
  if (without.length > 0) found.push(`ask ${named(without)} for a pledge (on their side: collective pledge set YOU SIZE)`);
  if (usedUp.length > 0) found.push(`ask ${named(usedUp)} for a larger pledge (collective pledge list)`);
  if (nodesHelp && nodesAway === 0) found.push(`add a node (${INVITE_NODE})`);
  if (away.length + refusing.length + without.length + usedUp.length === 0)
    found.push('invite another member (collective member invite NAME)');
  const text = found.join('; or ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

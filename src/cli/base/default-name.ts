import { hostname, userInfo } from 'node:os';
import { CollectiveError, LIMITS } from '../../base/index.js';

/** What a node of this machine is called unless it is told: `attic`, or `attic-2` where there is an attic already. */
export function defaultNodeName(taken: ReadonlySet<string> = new Set(), host: string = hostname()): string {
  const name = labelOf(host);
  let number = 1;
  while (taken.has(numbered(name, number))) number += 1;
  return numbered(name, number);
}

/** What a client of this machine is called unless it is told: `alice-laptop` for alice on a machine called laptop. */
export const defaultClientName = (user: string = userInfo().username, host: string = hostname()): string =>
  labelOf(`${user}-${host}`);

const MEMBER_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Error: USAGE. */
export function checkMemberName(name: string): void {
  if (MEMBER_NAME.test(name)) return;
  throw new CollectiveError('USAGE', `${JSON.stringify(name)} cannot be the name of a member.`, {
    next: 'Use lower-case letters, digits and dashes, such as alice: at most 63.',
  });
}

/** What a member is called unless it is told: as the user account is, in what letters a member's name may have. */
export function defaultMemberName(user: string = userInfo().username): string {
  const name = labelOf(user).replace(/[._]+/g, '-').slice(0, 63);
  return MEMBER_NAME.test(name) ? name : 'me';
}

const numbered = (name: string, number: number): string =>
  number === 1 ? name : `${name.slice(0, LIMITS.labelBytes - 4)}-${number}`;

/** Names of nodes and clients know only lower-case letters, digits, dots and dashes; those of machines and users may have more. */
function labelOf(text: string): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .slice(0, LIMITS.labelBytes);
  const trimmed = plain.replace(/^[._-]+|[._-]+$/g, '');
  return trimmed === '' ? 'machine' : trimmed;
}

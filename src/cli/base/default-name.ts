import { hostname, userInfo } from 'node:os';
import { LIMITS } from '../../base/index.js';

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

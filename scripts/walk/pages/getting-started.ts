import { freePorts } from '../../../test/support/cluster/ports.js';
import { Household } from '../household.js';
import { Shown } from '../shown.js';
import { chapters } from './one-member.js';
import type { Page } from './page-kinds.js';

const HEAD = `# Getting started

From nothing to files on two disks, and through what may happen to them: every command below was run, and what it printed is what
stands here. Only paths of the home folder, ids, invites, ports and process numbers are replaced. It is written by \`npm run walk\`;
\`npm run walk -- --check\` runs it again and compares.

Everything happens on one machine, with two folders in place of two disks. On real machines leave out the \`--listen\` flags: the
defaults are all addresses, and ports 7420, 7421 and 7430.
`;

/** The ports that people see; in their place every run of the walk uses free ones. */
const SHOWN_PORTS = [7420, 7421, 7422, 7430, 7431, 7432] as const;

export const gettingStarted: Page = {
  path: 'docs/getting-started.md',
  head: HEAD,
  chapters,
  open: async (root) => {
    const free = await freePorts(SHOWN_PORTS.length);
    const ports = new Map(SHOWN_PORTS.map((port, index) => [port as number, free[index] ?? 0]));
    const household = await Household.create({ root, who: 'alice', ports, shown: new Shown(), kept: new Map<string, string>() });
    return { households: new Map([['alice', household]]), close: () => household.stopAll() };
  },
};

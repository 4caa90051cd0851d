import { Network } from '../../../test/support/cluster/index.js';
import { Household } from '../household.js';
import { Shown } from '../shown.js';
import type { Page } from './page-kinds.js';
import { chapters } from './three-members.js';

const HEAD = `# Several members

Three people, three households, one collective: every command below was run, on three machines with addresses of their own, and what
it printed is what stands here. Only paths of the home folder, ids, invites and process numbers are replaced. It is written by
\`npm run walk -- --page federation\`; with \`--check\` it is run again and compared.

How one member sets up storage is told in [getting started](getting-started.md). What members can see of each other's files and names
stands [at the end](#what-peers-can-see); who may do what, in the [security model](security-model.md).
`;

const PEOPLE = ['alice', 'bob', 'carol'] as const;

export const federation: Page = {
  path: 'docs/federation.md',
  head: HEAD,
  chapters,
  open: async (root) => {
    const network = await Network.create();
    const shown = new Shown();
    const kept = new Map<string, string>();
    const households = new Map<string, Household>();
    for (const who of PEOPLE) {
      const { within } = await network.add(who);
      households.set(who, await Household.create({ root, who, within, shown, kept }));
    }
    return {
      households,
      close: async () => {
        for (const household of households.values()) await household.stopAll();
        await network.remove();
      },
    };
  },
};

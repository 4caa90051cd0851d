import { Args } from '@oclif/core';
import { ClientCommand } from '../../base/client-command.js';
import { pledgeJson, type PledgeJson, pledgeTable } from '../../format/pledges.js';
import { policyJson, type PolicyJson, policyText } from '../../format/policies.js';

export default class PolicyShow extends ClientCommand {
  static override summary = 'Show how many copies there are to be of what is put at a path, and which folder says so.';
  static override args = { path: Args.string({ required: true, ignoreStdin: true, description: 'Any path of yours.' }) };
  static override examples = ['<%= config.bin %> policy show /photos/2024'];

  async run(): Promise<{ readonly policy: PolicyJson | null; readonly members: readonly PledgeJson[] }> {
    const { args, flags } = await this.parse(PolicyShow);
    const { client } = await this.client(flags.context);
    const answer = await client.copies.showPolicy(args.path, this.interrupted);
    const policy = answer.policy === undefined ? null : policyJson(answer.policy);
    const members = answer.members.map(pledgeJson);
    if (policy === null) return { policy, members };
    const from = policy.path === null ? 'by the settings of the coordinator' : `by the policy of ${policy.path}`;
    this.log(`${args.path}: ${policyText(policy)} (${from}).`);
    if (policy.spread !== 'members') return { policy, members };
    if (members.length > 0) this.log(`\n${pledgeTable(members)}`);
    else
      this.say(
        'Nobody has pledged anything to you: all copies go to nodes of yours.\nNext: ask a member for collective pledge set',
      );
    return { policy, members };
  }
}

import { Args } from '@oclif/core';
import { ClientCommand } from '../../base/client-command.js';
import { pledgeJson, type PledgeJson, pledgeTable } from '../../format/pledges.js';
import { type FindingJson, findingJson } from '../../format/status.js';
import { policyJson, type PolicyJson, policyText } from '../../format/policies.js';

interface Shown {
  readonly policy: PolicyJson | null;
  readonly members: readonly PledgeJson[];
  /** What keeps it from being met by what is put now. */
  readonly findings: readonly FindingJson[];
}

export default class PolicyShow extends ClientCommand {
  static override summary = 'Show how many copies there are to be of what is put at a path, and which folder says so.';
  static override args = { path: Args.string({ required: true, ignoreStdin: true, description: 'Any path of yours.' }) };
  static override examples = ['<%= config.bin %> policy show /photos/2024'];

  async run(): Promise<Shown> {
    const { args, flags } = await this.parse(PolicyShow);
    const { client } = await this.client(flags.context);
    const answer = await client.copies.showPolicy(args.path, this.interrupted);
    const policy = answer.policy === undefined ? null : policyJson(answer.policy);
    const members = answer.members.map(pledgeJson);
    const findings = answer.findings.map(findingJson);
    if (policy === null) return { policy, members, findings };
    const from = policy.path === null ? 'by the settings of the coordinator' : `by the policy of ${policy.path}`;
    this.log(`${args.path}: ${policyText(policy)} (${from}).`);
    if (members.length > 0) this.log(`\n${pledgeTable(members)}`);
    for (const { message, next } of findings) this.say(`\n${message}\nNext: ${next}`);
    return { policy, members, findings };
  }
}

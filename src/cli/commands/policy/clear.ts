import { Args } from '@oclif/core';
import { ClientCommand } from '../../base/client-command.js';
import { filesBelowText, type PolicyChangeJson, policyChangeJson, policyText } from '../../format/policies.js';

export default class PolicyClear extends ClientCommand {
  static override summary = 'Let a folder have no policy of its own any more.';
  static override description = 'What is above it holds for it again. Copies that are there stay.';
  static override args = { path: Args.string({ required: true, ignoreStdin: true, description: 'A folder of yours.' }) };
  static override examples = ['<%= config.bin %> policy clear /photos'];

  async run(): Promise<PolicyChangeJson> {
    const { args, flags } = await this.parse(PolicyClear);
    const { client } = await this.client(flags.context);
    const wish = { path: args.path, copies: 0, minimumCopies: 0, spread: '' };
    const changed = policyChangeJson(await client.copies.setPolicy(wish, this.interrupted));
    const { policy } = changed;
    const from = policy.path === null ? 'as the coordinator is set' : `as ${policy.path} says`;
    this.say(`From now on in ${args.path}, ${from}: ${policyText(policy)}.`);
    const before = filesBelowText(changed);
    if (before !== '') this.say(before);
    for (const { message, next } of changed.findings) this.warnAside(`${message}\nNext: ${next}`);
    return changed;
  }
}

import { ClientCommand } from '../../base/client-command.js';
import { policyJson, type PolicyJson, policyTable } from '../../format/policies.js';

export default class PolicyList extends ClientCommand {
  static override summary = 'List which folders have policies for their copies.';
  static override aliases = ['policy:ls'];
  static override examples = ['<%= config.bin %> policy list'];

  async run(): Promise<{ readonly policies: readonly PolicyJson[]; readonly elsewhere: PolicyJson | null }> {
    const { flags } = await this.parse(PolicyList);
    const { client } = await this.client(flags.context);
    const answer = await client.copies.listPolicies(this.interrupted);
    const policies = answer.policies.map(policyJson);
    const elsewhere = answer.defaultPolicy === undefined ? null : policyJson(answer.defaultPolicy);
    if (flags.quiet) for (const { path } of policies) this.log(path ?? '');
    else this.log(policyTable(elsewhere === null ? policies : [...policies, elsewhere]));
    return { policies, elsewhere };
  }
}

import { Args, Flags } from '@oclif/core';
import { LIMITS } from '../../../base/index.js';
import { ClientCommand } from '../../base/client-command.js';
import { filesBelowText, type PolicyChangeJson, policyChangeJson, policyText } from '../../format/policies.js';

export default class PolicySet extends ClientCommand {
  static override summary = 'Say how many copies there are to be of what is in a folder, and where.';
  static override description =
    'Holds for what is put in the folder, or below it, from now on; the nearest folder that has a policy decides. What is there already stays as it is until it is put again. With --spread members each copy goes to another member, yourself among them, as far as others have pledged room (collective pledge list); where there are too few members, more copies go to nodes of yours.';
  static override args = { path: Args.string({ required: true, ignoreStdin: true, description: 'A folder of yours.' }) };
  static override flags = {
    copies: Flags.integer({ required: true, min: 1, max: LIMITS.copiesMax, description: 'How many.', helpValue: 'N' }),
    spread: Flags.string({
      options: ['nodes', 'members'],
      default: 'nodes',
      description: 'Over nodes of yours, or over members.',
    }),
    'min-copies': Flags.integer({
      min: 1,
      max: LIMITS.copiesMax,
      description:
        'How many are enough for now, where no more can be had; by default all. Files with fewer than wanted are shown.',
      helpValue: 'N',
    }),
  };
  static override examples = [
    '<%= config.bin %> policy set /photos --copies 3 --spread members --min-copies 2',
    '<%= config.bin %> policy set / --copies 2',
  ];

  async run(): Promise<PolicyChangeJson> {
    const { args, flags } = await this.parse(PolicySet);
    const { client } = await this.client(flags.context);
    const { copies, spread } = flags;
    const wish = { path: args.path, copies, minimumCopies: flags['min-copies'] ?? 0, spread };
    const changed = policyChangeJson(await client.copies.setPolicy(wish, this.interrupted));
    const { policy } = changed;
    this.say(`From now on in ${policy.path ?? args.path}: ${policyText(policy)}.`);
    const before = filesBelowText(changed);
    if (before !== '') this.say(before);
    for (const { message, next } of changed.findings) this.warnAside(`${message}\nNext: ${next}`);
    return changed;
  }
}

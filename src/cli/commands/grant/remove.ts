import { Args } from '@oclif/core';
import { ClientCommand } from '../../base/client-command.js';
import { grantJson, type GrantJson } from '../../format/grants.js';

export default class GrantRemove extends ClientCommand {
  static override summary = 'Take a grant back.';
  static override description =
    'It holds for nothing from now on. What was fetched stays where it is; who is fetching just now has tickets for ten minutes at most.';
  static override aliases = ['grant:rm'];
  static override args = {
    grant: Args.string({ required: true, ignoreStdin: true, description: 'Its id, as collective grant list shows it.' }),
  };
  static override examples = ['<%= config.bin %> grant remove 1-345'];

  async run(): Promise<{ readonly grant: GrantJson }> {
    const { args, flags } = await this.parse(GrantRemove);
    const { client } = await this.client(flags.context);
    const grant = grantJson(await client.grants.withdraw(args.grant, this.interrupted));
    if (flags.quiet) this.log(grant.id);
    else
      this.say(
        `${grant.member.name} may not ${grant.rights.join(' or ')} in ${grant.path ?? 'that folder'} any more by this grant.`,
      );
    return { grant };
  }
}

import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../../base/client-command.js';
import { durationFlag } from '../../base/flags.js';
import { grantJson, type GrantJson, untilText } from '../../format/grants.js';

export default class GrantAdd extends ClientCommand {
  static override summary = 'Let another member use a folder of yours.';
  static override description =
    'The grant is bound to the folder, also when it is moved or renamed, and holds for all that is in it now or later. Earlier grants to the same member in the same folder that it includes end with it: given again for longer, or with more rights, it is still one. Neither right means the other: who may only write can put things in and not look at what is there.';
  static override args = { path: Args.string({ required: true, ignoreStdin: true, description: 'A folder of yours.' }) };
  static override flags = {
    member: Flags.string({ char: 'm', required: true, description: 'Who: its name or id.', helpValue: 'NAME' }),
    rights: Flags.string({
      default: 'read',
      description: 'read: list and fetch; write: put, move and remove. Both: read,write.',
      helpValue: 'RIGHTS',
    }),
    until: durationFlag({ description: 'For how long, such as 30d. By default until it is removed.' }),
  };
  static override examples = [
    '<%= config.bin %> grant add /photos --member alice',
    '<%= config.bin %> grant add /shared --member alice --rights read,write --until 30d',
  ];

  async run(): Promise<{ readonly grant: GrantJson; readonly replaced: readonly string[] }> {
    const { args, flags } = await this.parse(GrantAdd);
    const { client } = await this.client(flags.context);
    const { member } = flags;
    const rights = flags.rights.split(',').map((right) => right.trim());
    const wish = { path: args.path, member, rights, lifeMs: flags.until ?? 0 };
    const given = await client.grants.give(wish, this.interrupted);
    const grant = grantJson(given.grant);
    const replaced = given.replacedGrantIds;
    const end = grant.until === null ? 'until you remove it' : `until ${untilText(grant)}`;
    const path = grant.path ?? args.path;
    if (flags.quiet) this.log(grant.id);
    else
      this.say(
        `${grant.member.name} may ${grant.rights.join(' and ')} in ${path}, ${end}${insteadOf(replaced)}. Take it back: collective grant remove ${grant.id}`,
      );
    return { grant, replaced };
  }
}

const insteadOf = (replaced: readonly string[]): string =>
  replaced.length === 0 ? '' : `, in place of ${replaced.length === 1 ? 'grant' : 'grants'} ${replaced.join(', ')}`;

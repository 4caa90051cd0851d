import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../../base/client-command.js';
import { grantJson, type GrantJson, grantTable } from '../../format/grants.js';

export default class GrantList extends ClientCommand {
  static override summary = 'List what other members may do with your files.';
  static override description = 'With a path: the grants for it, for the folders it is in, and for those in it.';
  static override aliases = ['grant:ls'];
  static override args = { path: Args.string({ ignoreStdin: true, description: 'A path of yours.' }) };
  static override flags = { all: Flags.boolean({ char: 'a', description: 'Also those that have ended.' }) };
  static override examples = ['<%= config.bin %> grant list', '<%= config.bin %> grant list /photos/2024'];

  async run(): Promise<{ readonly grants: readonly GrantJson[] }> {
    const { args, flags } = await this.parse(GrantList);
    const { client } = await this.client(flags.context);
    const query = { path: args.path ?? '', expiredToo: flags.all };
    const grants = (await client.grants.list(query, this.interrupted)).map(grantJson);
    if (flags.quiet) for (const { id } of grants) this.log(id);
    else if (grants.length > 0) this.log(grantTable(grants));
    else this.say('You have granted nothing to others.\nNext: collective grant add <folder> --member <name>');
    return { grants };
  }
}

import { Args } from '@oclif/core';
import { ClientCommand } from '../../base/client-command.js';
import { memberArg } from '../../base/member-command.js';
import { memberJson, type MemberJson } from '../../format/members.js';

export default class MemberRename extends ClientCommand {
  static override summary = 'Call a member something else here. Nobody else sees that.';
  static override args = {
    ...memberArg,
    name: Args.string({ required: true, ignoreStdin: true, description: 'Lower-case letters, digits, dots and dashes.' }),
  };

  async run(): Promise<MemberJson> {
    const { args, flags } = await this.parse(MemberRename);
    const { client } = await this.client(flags.context);
    const member = memberJson(await client.members.rename(args.member, args.name, this.interrupted));
    const tree = member.state === 'admitted' ? `: ${member.name}:/ is its tree` : '';
    this.say(`It is called ${member.name} from now on${tree}.`);
    return member;
  }
}

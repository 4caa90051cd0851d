import { ClientCommand } from '../../base/client-command.js';
import { memberArg } from '../../base/member-command.js';
import { memberJson, type MemberJson } from '../../format/members.js';

export default class MemberReinstate extends ClientCommand {
  static override summary = 'Trust a suspended member again.';
  static override args = memberArg;

  async run(): Promise<MemberJson> {
    const { args, flags } = await this.parse(MemberReinstate);
    const { client } = await this.client(flags.context);
    const info = await client.members.reinstate(args.member, this.interrupted);
    const member = memberJson(info);
    if (info.unchanged === true) this.say(`${member.name} is not suspended: it is admitted, and stays so.`);
    else this.say(`${member.name} is admitted again; what it wrote meanwhile is taken from now on.`);
    return member;
  }
}

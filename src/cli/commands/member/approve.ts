import { ClientCommand } from '../../base/client-command.js';
import { memberArg } from '../../base/member-command.js';
import { memberJson, type MemberJson } from '../../format/members.js';

export default class MemberApprove extends ClientCommand {
  static override summary = 'Admit a member that has applied: by an invite of yours, or introduced by somebody.';
  static override args = memberArg;

  async run(): Promise<MemberJson> {
    const { args, flags } = await this.parse(MemberApprove);
    const { client } = await this.client(flags.context);
    const info = await client.members.approve(args.member, this.interrupted);
    const member = memberJson(info);
    if (info.unchanged === true) this.say(`${member.name} was admitted already. See the connection: collective peer list`);
    else
      this.say(
        `${member.name} is admitted. Both coordinators connect by themselves, as soon as ${member.name} has admitted you.`,
      );
    return member;
  }
}

import { ClientCommand } from '../../base/client-command.js';
import { memberArg, noteFlag } from '../../base/member-command.js';
import { memberJson, type MemberJson } from '../../format/members.js';

export default class MemberRefuse extends ClientCommand {
  static override summary = 'Turn a member away that has applied. Only another invite of yours brings it back.';
  static override args = memberArg;
  static override flags = noteFlag;

  async run(): Promise<MemberJson> {
    const { args, flags } = await this.parse(MemberRefuse);
    const { client } = await this.client(flags.context);
    const info = await client.members.refuse(args.member, flags.note, this.interrupted);
    const member = memberJson(info);
    this.say(
      `${member.name} ${info.unchanged === true ? 'was refused already' : 'is refused'}, and will not be introduced again.`,
    );
    return member;
  }
}

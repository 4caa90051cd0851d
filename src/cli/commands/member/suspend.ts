import { ClientCommand } from '../../base/client-command.js';
import { memberArg, noteFlag } from '../../base/member-command.js';
import { cutText, memberJson, type MemberJson, upToText } from '../../format/members.js';

export default class MemberSuspend extends ClientCommand {
  static override summary = 'Take nothing more from a member for now, nor give it anything: its connections end at once.';
  static override args = memberArg;
  static override description =
    'What it wrote before stays as it is; what it writes from now on is not taken, from whoever brings it. Its grants do not hold ' +
    'meanwhile. Others decide for themselves. collective member reinstate ends it.';
  static override flags = noteFlag;

  async run(): Promise<MemberJson & { readonly cutCalls: number }> {
    const { args, flags } = await this.parse(MemberSuspend);
    const { client } = await this.client(flags.context);
    const { member: info, cutCalls } = await client.members.suspend(args.member, flags.note, this.interrupted);
    const member = memberJson(info);
    this.say(
      `${member.name} ${info.unchanged === true ? 'was suspended already' : 'is suspended'}. ${upToText(member.acceptedUpTo)}${cutText(cutCalls)}`,
    );
    this.say(`Next: collective member reinstate ${member.name}, or collective member remove ${member.name}`);
    return { ...member, cutCalls };
  }
}

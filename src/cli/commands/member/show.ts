import { ClientCommand } from '../../base/client-command.js';
import { memberArg } from '../../base/member-command.js';
import { memberJson, type MemberJson, memberLines } from '../../format/members.js';

export default class MemberShow extends ClientCommand {
  static override summary = 'Show what is known of another member.';
  static override args = memberArg;

  async run(): Promise<MemberJson> {
    const { args, flags } = await this.parse(MemberShow);
    const { client } = await this.client(flags.context);
    const member = memberJson(await client.members.show(args.member, this.interrupted));
    for (const [label, value] of memberLines(member)) this.log(`${`${label}:`.padEnd(11)} ${value}`);
    return member;
  }
}

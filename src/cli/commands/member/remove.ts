import { Flags } from '@oclif/core';
import { ClientCommand } from '../../base/client-command.js';
import { memberArg, noteFlag } from '../../base/member-command.js';
import { cutText, memberJson, type MemberJson, upToText } from '../../format/members.js';

export default class MemberRemove extends ClientCommand {
  static override summary = 'Part with a member: its connections end, and nothing is taken from it any more.';
  static override description =
    'What lies with it is copied elsewhere first, as far as there is room, which may take a while; --now does without. What it wrote ' +
    'before stays, to be looked at. No introduction brings it back, only another invite. Others decide for themselves.';
  static override aliases = ['member:rm'];
  static override args = memberArg;
  static override flags = {
    ...noteFlag,
    now: Flags.boolean({ description: 'Without copying elsewhere first what lies with it.' }),
  };

  async run(): Promise<MemberJson & { readonly cutCalls: number }> {
    const { args, flags } = await this.parse(MemberRemove);
    const { client } = await this.client(flags.context);
    const wish = { member: args.member, note: flags.note, now: flags.now };
    const { member: info, cutCalls } = await client.members.remove(wish, this.interrupted);
    const member = memberJson(info);
    this.say(`${member.name} is removed. ${upToText(member.acceptedUpTo)}${cutText(cutCalls)}`);
    return { ...member, cutCalls };
  }
}

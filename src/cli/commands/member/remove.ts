import { Flags } from '@oclif/core';
import type { CollectiveClient } from '../../../client/index.js';
import { ClientCommand } from '../../base/client-command.js';
import { memberArg, noteFlag } from '../../base/member-command.js';
import { cutText, memberJson, type MemberJson, upToText } from '../../format/members.js';
import { transferView } from '../../progress/transfer-bar.js';

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

  protected override readonly whenInterrupted =
    'Interrupted: the member is not removed. What was copied elsewhere stays; the same command goes on from there.';

  async run(): Promise<MemberJson & { readonly cutCalls: number }> {
    const { args, flags } = await this.parse(MemberRemove);
    const { client } = await this.client(flags.context);
    if (!flags.now) await this.#copyElsewhere(client, args.member);
    const wish = { member: args.member, note: flags.note, now: flags.now };
    const { member: info, cutCalls } = await client.members.remove(wish, this.interrupted);
    const member = memberJson(info);
    this.say(`${member.name} is removed. ${upToText(member.acceptedUpTo)}${cutText(cutCalls)}`);
    return { ...member, cutCalls };
  }

  async #copyElsewhere(client: CollectiveClient, member: string): Promise<void> {
    const view = await transferView(this.interactive, 'copied elsewhere', 'chunks');
    this.atEnd(() => view.stop());
    let began = false;
    for await (const { chunks, bytes, chunksDone, bytesDone } of client.copies.replace(member, this.interrupted)) {
      if (!began) view.onTotals({ files: chunks, bytes });
      began = true;
      view.onProgress({ files: chunksDone, bytes: bytesDone, knownBytes: 0 });
    }
    view.stop();
  }
}

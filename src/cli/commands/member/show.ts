import { ClientCommand } from '../../base/client-command.js';
import { memberArg } from '../../base/member-command.js';
import { detailLines, detailsJson, type DetailsJson, type PeerJson } from '../../format/member-details.js';
import { memberJson, type MemberJson, memberLines } from '../../format/members.js';
import { peersJson } from '../../format/peers.js';

export default class MemberShow extends ClientCommand {
  static override summary = 'Show what is known of another member, and what there is between it and you.';
  static override args = memberArg;

  async run(): Promise<MemberJson & Partial<DetailsJson> & { readonly peer?: PeerJson }> {
    const { args, flags } = await this.parse(MemberShow);
    const { client } = await this.client(flags.context);
    const shown = await client.members.show(args.member, this.interrupted);
    const member = memberJson(shown.member);
    const details = shown.details === undefined ? undefined : detailsJson(shown.details);
    const { peers, timeMs } = peersJson(await client.peers.list(this.interrupted));
    const peer = peers.find(({ id }) => id === member.id);
    const lines = details === undefined ? [] : detailLines(member, details, { peer, timeMs });
    for (const [label, value] of [...memberLines(member), ...lines]) this.log(`${`${label}:`.padEnd(11)} ${value}`);
    return { ...member, ...details, ...(peer === undefined ? {} : { peer }) };
  }
}

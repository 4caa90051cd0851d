import { Args } from '@oclif/core';
import { accept, formatSize, parseSize } from '../../../base/index.js';
import { ClientCommand } from '../../base/client-command.js';
import { pledgeJson, type PledgeJson } from '../../format/pledges.js';
import { type FindingJson, findingJson } from '../../format/status.js';

export default class PledgeSet extends ClientCommand {
  static override summary = "Offer room on your nodes for another member's copies.";
  static override description =
    'No more than that is ever kept for it, and none of it before it asks. 0 takes the offer back: what is kept already stays until its owner gives it up, and nothing new comes.';
  static override args = {
    member: Args.string({ required: true, ignoreStdin: true, description: 'Who: its name or id.' }),
    size: Args.string({ required: true, ignoreStdin: true, description: 'How much, such as 500G or 1Ti.' }),
  };
  static override examples = ['<%= config.bin %> pledge set alice 500G', '<%= config.bin %> pledge set alice 0'];

  async run(): Promise<{ readonly pledge: PledgeJson; readonly findings: readonly FindingJson[] }> {
    const { args, flags } = await this.parse(PledgeSet);
    const bytes = accept(parseSize(args.size));
    const { client } = await this.client(flags.context);
    const answer = await client.copies.setPledge({ member: args.member, bytes }, this.interrupted);
    const pledge = pledgeJson(answer.pledge);
    const findings = answer.findings.map(findingJson);
    const { member, pledgedBytes, usedBytes } = pledge;
    const used = usedBytes === 0 ? '' : ` ${formatSize(usedBytes)} are in use.`;
    this.say(
      pledgedBytes === 0
        ? `Nothing new is kept for ${member.name} from now on.${used}`
        : `Up to ${formatSize(pledgedBytes)} are kept for ${member.name}.${used}`,
    );
    for (const { message, next } of findings) this.warnAside(`${message}\nNext: ${next}`);
    return { pledge, findings };
  }
}

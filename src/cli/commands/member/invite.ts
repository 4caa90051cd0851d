import { Args, Flags } from '@oclif/core';
import { CollectiveError } from '../../../base/index.js';
import { ClientCommand } from '../../base/client-command.js';
import { durationFlag } from '../../base/flags.js';
import { shortTime } from '../../format/entries.js';

export default class MemberInvite extends ClientCommand {
  static override summary = 'Invite another member: their coordinator and yours connect.';
  static override description =
    'The invite goes to standard output, one line; whoever has it first can use it: treat it as a password. Who uses it waits for ' +
    'your word (collective member approve), unless --approved gives it beforehand.';
  static override args = {
    name: Args.string({ ignoreStdin: true, description: 'What the member will be called here. Default: what it calls itself.' }),
  };
  static override flags = {
    approved: Flags.boolean({ description: 'Who uses the invite is admitted at once.' }),
    expires: durationFlag({ description: 'For how long it is good. Default: 1h.' }),
  };
  static override examples = [
    '<%= config.bin %> member invite bob',
    '<%= config.bin %> member invite bob --approved --expires 1d',
  ];

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(MemberInvite);
    const { name = '' } = args;
    if (flags.expires === 0)
      throw new CollectiveError('USAGE', 'An invite that is good for no time is of no use.', {
        next: 'Write such as --expires 1h.',
      });
    const { client } = await this.client(flags.context);
    const wish = { name, lifeMs: flags.expires ?? 0, approved: flags.approved };
    const { inviteId, invite, expiresMs } = await client.members.invite(wish, this.interrupted);
    this.log(invite);
    if (process.stderr.isTTY) {
      this.logToStderr(`\nGood once, until ${shortTime(expiresMs)}. It is a secret.`);
      this.logToStderr(`Next, at ${name || 'theirs'}: collective member accept INVITE`);
      if (!flags.approved) this.logToStderr(`Then, here: collective member approve ${name || 'NAME'}`);
    }
    return { invite, id: inviteId, name: name || null, approved: flags.approved, expires: new Date(expiresMs).toISOString() };
  }
}

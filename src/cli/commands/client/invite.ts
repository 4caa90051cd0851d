import { InviteCommand, inviteFlags } from '../../base/invite-command.js';

export default class ClientInvite extends InviteCommand {
  static override summary = 'Issue a one-time invite for a client: another machine or person that may use your files.';
  static override description =
    'The invite goes to standard output, one line. Whoever has it first can join: treat it as a password.';
  static override flags = inviteFlags;

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ClientInvite);
    const { context, name, expires } = flags;
    return this.issue('client', { context, name, expires }, (invite) => `collective login ${invite}`);
  }
}

import { InviteCommand, inviteFlags } from '../../base/invite-command.js';

export default class NodeInvite extends InviteCommand {
  static override summary = 'Issue a one-time invite for a node.';
  static override description =
    'The invite goes to standard output, one line. Whoever has it first can join: treat it as a password.';
  static override flags = inviteFlags;

  async run(): Promise<unknown> {
    const { flags } = await this.parse(NodeInvite);
    const { context, name, expires } = flags;
    return this.issue(
      'node',
      { context, name, expires },
      (invite) => `collective node join ${invite} --path DIR --capacity 100G`,
    );
  }
}

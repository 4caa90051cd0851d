import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../../base/client-command.js';

export default class NodeRevoke extends ClientCommand {
  static override summary = 'Refuse a node from now on, everywhere, for ever: such as one whose machine was stolen.';
  static override description =
    'Its session is cut, it gets nothing to store any more, and its copies do not count any more: files that had them are shown as ' +
    'under-protected until they have enough others. It can come back only as a new node, by a new invite.';
  static override args = { node: Args.string({ required: true, ignoreStdin: true, description: 'Its name or id.' }) };
  static override flags = { note: Flags.string({ default: '', description: 'Why, for the log.', helpValue: 'TEXT' }) };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(NodeRevoke);
    const { client } = await this.client(flags.context);
    const request = { role: 'node', subject: args.node, note: flags.note, force: false } as const;
    const { subjectId, name, sequence, cutCalls, copies } = await client.admin.revoke(request, this.interrupted);
    this.say(`Node ${name} (${subjectId}) is revoked by event ${sequence}. Copies that do not count any more: ${copies}.`);
    this.say(copies > 0 ? 'Next: collective status' : `Next: collective node remove ${name}`);
    return { id: subjectId, name, event: sequence, cutCalls, copies };
  }
}

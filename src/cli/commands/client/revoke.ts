import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../../base/client-command.js';

export default class ClientRevoke extends ClientCommand {
  static override summary = 'Refuse a client from now on, everywhere, for ever: such as one whose machine was stolen.';
  static override description =
    'What it has open is cut, here and at the nodes. It can come back only as a new client, by a new invite. The last client of a ' +
    'member is not revoked without --force: nobody could do anything any more.';
  static override args = { client: Args.string({ required: true, ignoreStdin: true, description: 'Its name or id.' }) };
  static override flags = {
    note: Flags.string({ default: '', description: 'Why, for the log.', helpValue: 'TEXT' }),
    force: Flags.boolean({ description: 'Also the last client.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ClientRevoke);
    const { client } = await this.client(flags.context);
    const { note, force } = flags;
    const request = { role: 'client', subject: args.client, note, force } as const;
    const { subjectId, name, sequence, cutCalls } = await client.admin.revoke(request, this.interrupted);
    this.say(`Client ${name} (${subjectId}) is revoked by event ${sequence}. Calls that were cut: ${cutCalls}.`);
    return { id: subjectId, name, event: sequence, cutCalls };
  }
}

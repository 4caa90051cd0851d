import { Flags } from '@oclif/core';
import { EXIT } from '../../../base/index.js';
import { ClientCommand } from '../../base/client-command.js';
import { eventJson, eventLine } from '../../format/events.js';

export default class EventsTail extends ClientCommand {
  static override summary = 'Show the last events and then each new one, until Ctrl-C.';
  static override description = 'With --json one object a line. After a restart of the coordinator it goes on where it was.';
  static override flags = {
    lines: Flags.integer({
      char: 'n',
      min: 0,
      default: 10,
      description: 'How many past ones to begin with.',
      helpValue: 'NUMBER',
    }),
    type: Flags.string({ multiple: true, description: 'Only these types, such as FileCommitted.', helpValue: 'TYPE' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(EventsTail);
    const { client } = await this.client(flags.context);
    const query = { lines: flags.lines, types: flags.type ?? [] };
    try {
      for await (const info of client.admin.follow(query, this.interrupted)) {
        const event = eventJson(info);
        if (this.jsonEnabled()) process.stdout.write(`${JSON.stringify(event)}\n`);
        else this.log(eventLine(event));
      }
    } catch (error) {
      // Ctrl-C is how it ends: nothing failed, and nothing but events belongs on standard output.
      if (!this.interrupted.aborted) throw error;
    }
    if (this.interrupted.aborted) process.exitCode = EXIT.interrupted;
  }
}

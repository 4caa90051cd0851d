import { Flags } from '@oclif/core';
import { ClientCommand } from '../../base/client-command.js';
import { eventJson, eventLine, type EventJson } from '../../format/events.js';

const LAST_DEFAULT = 20;

export default class EventsList extends ClientCommand {
  static override summary = 'List events of the log, oldest first. Default: the last 20.';
  static override aliases = ['events:ls'];
  static override flags = {
    from: Flags.integer({ min: 1, description: 'Begin with this one.', helpValue: 'NUMBER' }),
    limit: Flags.integer({ min: 1, description: 'At most so many.', helpValue: 'NUMBER', dependsOn: ['from'] }),
    last: Flags.integer({ min: 1, description: 'Only the last so many.', helpValue: 'NUMBER', exclusive: ['from'] }),
    type: Flags.string({
      multiple: true,
      description: 'Only such types, for example FileCommitted: the last so many of these.',
      helpValue: 'TYPE',
    }),
  };

  async run(): Promise<{ readonly events: readonly EventJson[]; readonly lookedBackTo?: number } | undefined> {
    const { flags } = await this.parse(EventsList);
    const { client } = await this.client(flags.context);
    const query = {
      fromSequence: flags.from ?? 0,
      limit: flags.limit ?? 0,
      last: flags.last ?? (flags.from === undefined ? LAST_DEFAULT : 0),
      follow: false,
      types: flags.type ?? [],
    };
    const events: EventJson[] = [];
    let lookedBackTo = 1;
    const onCutOff = (sequence: number): void => {
      lookedBackTo = sequence;
    };
    for await (const info of client.admin.events(query, this.interrupted, onCutOff)) {
      const event = eventJson(info);
      if (this.jsonEnabled()) events.push(event);
      else this.log(eventLine(event));
    }
    if (lookedBackTo > 1 && !flags.quiet) {
      this.logToStderr(`Looked back to event ${lookedBackTo} only. For those before: --from NUMBER --type ...`);
    }
    return this.jsonEnabled() ? { events, ...(lookedBackTo > 1 ? { lookedBackTo } : {}) } : undefined;
  }
}

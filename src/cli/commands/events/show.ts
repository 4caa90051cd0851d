import { Args } from '@oclif/core';
import { CollectiveError } from '../../../base/index.js';
import { ClientCommand } from '../../base/client-command.js';
import { eventJson, type EventJson } from '../../format/events.js';

export default class EventsShow extends ClientCommand {
  static override summary = 'Show one event, whole.';
  static override args = {
    sequence: Args.integer({ required: true, min: 1, ignoreStdin: true, description: 'Its number in the log.' }),
  };

  async run(): Promise<EventJson> {
    const { args, flags } = await this.parse(EventsShow);
    const { client } = await this.client(flags.context);
    const info = await client.admin.event(args.sequence, this.interrupted);
    if (info === undefined)
      throw new CollectiveError('NOT_FOUND', `There is no event ${args.sequence}.`, { next: 'collective events list' });
    const event = eventJson(info);
    this.log(JSON.stringify(event, undefined, 2));
    return event;
  }
}

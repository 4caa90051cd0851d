import { Args } from '@oclif/core';
import { CollectiveError } from '../../../base/index.js';
import { ClientCommand } from '../../base/client-command.js';
import { eventJson, type EventJson } from '../../format/events.js';

export default class EventsShow extends ClientCommand {
  static override summary = 'Show one event, whole.';
  static override args = {
    sequence: Args.string({ required: true, ignoreStdin: true, description: 'Its number in the log.' }),
  };

  async run(): Promise<EventJson> {
    const { args, flags } = await this.parse(EventsShow);
    const sequence = Number(args.sequence);
    if (!/^[0-9]+$/.test(args.sequence) || !Number.isSafeInteger(sequence) || sequence < 1) {
      throw new CollectiveError('USAGE', `${JSON.stringify(args.sequence)} is not the number of an event.`, {
        next: 'collective events list',
      });
    }
    const { client } = await this.client(flags.context);
    const info = await client.admin.event(sequence, this.interrupted);
    if (info === undefined)
      throw new CollectiveError('NOT_FOUND', `There is no event ${sequence}.`, { next: 'collective events list' });
    const event = eventJson(info);
    this.log(JSON.stringify(event, undefined, 2));
    return event;
  }
}

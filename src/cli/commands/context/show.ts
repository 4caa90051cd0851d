import { Args } from '@oclif/core';
import { BaseCommand } from '../../base/base-command.js';
import { contextFlag } from '../../base/flags.js';
import { shortTime } from '../../format/entries.js';

export default class ContextShow extends BaseCommand {
  static override summary = 'Show a context: who you are there, until when, and where the coordinator is.';
  static override args = {
    name: Args.string({ ignoreStdin: true, description: 'Its name. Default: the current one.' }),
  };
  static override flags = { context: contextFlag };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ContextShow);
    const { openContexts } = await import('../../compose/contexts.js');
    const { expiryOf } = await import('../../compose/certificate-expiry.js');
    const store = openContexts(this.config.configDir);
    const context = await store.choose(args.name ?? flags.context);
    const expiresMs = expiryOf(await store.credentials(context));
    const { name, memberId, memberName, clientId, clientName, endpoints, directory } = context;
    const lines: [string, string][] = [
      ['Context', name],
      ['Member', `${memberName} (${memberId})`],
      ['Client', `${clientName} (${clientId})`],
      ['Certificate', `until ${shortTime(expiresMs)}`],
      ['Coordinator', endpoints.join(', ')],
      ['Folder', directory],
    ];
    for (const [label, value] of lines) this.log(`${`${label}:`.padEnd(13)} ${value}`);
    return {
      name,
      memberId,
      memberName,
      clientId,
      clientName,
      certificateExpires: new Date(expiresMs).toISOString(),
      endpoints,
      directory,
    };
  }
}

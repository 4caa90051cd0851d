import { Flags } from '@oclif/core';
import { CollectiveError } from '../../base/index.js';
import { shortTime } from '../format/entries.js';
import { ClientCommand } from './client-command.js';
import { durationFlag } from './flags.js';

export const inviteFlags = {
  name: Flags.string({ description: 'The name it will have. Default: chosen when joining.', helpValue: 'NAME' }),
  expires: durationFlag({ description: 'For how long it is good. Default: 1h.' }),
};

/** A command that issues a one-time invite. */
export abstract class InviteCommand extends ClientCommand {
  protected async issue(
    kind: 'node' | 'client',
    flags: { readonly context: string | undefined; readonly name: string | undefined; readonly expires: number | undefined },
    command: (invite: string) => string,
  ): Promise<{ readonly invite: string; readonly id: string; readonly expires: string }> {
    if (flags.expires === 0)
      throw new CollectiveError('USAGE', 'An invite that is good for no time is of no use.', {
        next: 'Write such as --expires 1h.',
      });
    const { client } = await this.client(flags.context);
    const { inviteId, invite, expiresMs } = await client.admin.invite(
      kind,
      flags.name ?? '',
      flags.expires ?? 0,
      this.interrupted,
    );
    const expires = new Date(expiresMs).toISOString();
    this.log(invite);
    if (process.stderr.isTTY)
      this.logToStderr(`\nGood once, until ${shortTime(expiresMs)}. It is a secret.\nNext: ${command('INVITE')}`);
    return { invite, id: inviteId, expires };
  }
}

import { Flags } from '@oclif/core';
import { ClientCommand } from './client-command.js';

export const rotationFlags = {
  identity: Flags.string({
    description: "The identity key's file. Default: the one in the coordinator's folder on this machine.",
    helpValue: 'FILE',
  }),
  'passphrase-file': Flags.string({
    description: 'A file whose first line is the passphrase of the identity key; - for standard input. Else you are asked.',
    helpValue: 'FILE',
  }),
};

/** A command that replaces a key of the member, which takes the identity key. */
export abstract class RotationCommand extends ClientCommand {
  protected async rotate(
    what: 'ca' | 'log-key',
    flags: {
      readonly context: string | undefined;
      readonly identity: string | undefined;
      readonly 'passphrase-file': string | undefined;
    },
    overlapMs: number,
  ): Promise<{ readonly sequence: number; readonly previousUntilMs: number }> {
    const { createWorld } = await import('../compose/world.js');
    const { identityFileOf, endorseRotation } = await import('../compose/rotation.js');
    const { askKnownPassphrase } = await import('./passphrase.js');
    const { client, context } = await this.client(flags.context);
    const world = createWorld(await this.logger());
    const file = flags.identity ?? (await identityFileOf(world, this.config.dataDir, context.memberId));
    const passphrase = await askKnownPassphrase(flags['passphrase-file']);
    const prepared = await client.admin.prepareRotation(what, this.interrupted);
    const endorsement = await endorseRotation(world, { file, passphrase, memberId: context.memberId, what, prepared });
    const { rotationId } = prepared;
    return client.admin.commitRotation({ rotationId, endorsement, overlapMs }, this.interrupted);
  }
}

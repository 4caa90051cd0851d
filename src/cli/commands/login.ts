import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../base/base-command.js';

export default class Login extends BaseCommand {
  static override summary = 'Make this machine a client, with an invite.';
  static override description =
    'The key is made here and never leaves. The membership is kept as a context: see collective context.';
  static override args = {
    invite: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'From collective client invite; - reads it from standard input.',
    }),
  };
  static override flags = {
    name: Flags.string({ description: 'The name of this client. Default: user-machine.', helpValue: 'NAME' }),
    'context-name': Flags.string({ description: "Name of the new context. Default: the member's name.", helpValue: 'NAME' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Login);
    const { defaultClientName } = await import('../base/default-name.js');
    const { readInvite } = await import('../base/read-invite.js');
    const { createWorld } = await import('../compose/world.js');
    const { loginWithInvite } = await import('../compose/login.js');
    const context = await loginWithInvite(
      {
        invite: await readInvite(args.invite),
        name: flags.name ?? defaultClientName(),
        contextName: flags['context-name'],
        configDirectory: this.config.configDir,
        signal: this.interrupted,
      },
      createWorld(await this.logger()),
    );
    const { name, memberId, memberName, clientId, endpoints } = context;
    this.say(`This machine is now a client of ${memberName}. Context: ${name}`);
    this.say('Next: collective ls');
    return { context: name, memberId, memberName, clientId, endpoints };
  }
}

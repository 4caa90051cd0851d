import { Args } from '@oclif/core';
import { BaseCommand } from '../../base/base-command.js';

export default class ContextUse extends BaseCommand {
  static override summary = 'Choose the context that commands use from now on.';
  static override args = {
    name: Args.string({ required: true, ignoreStdin: true, description: 'Its name; see collective context list.' }),
  };

  async run(): Promise<{ readonly context: string }> {
    const { args } = await this.parse(ContextUse);
    const { openContexts } = await import('../../compose/contexts.js');
    await openContexts(this.config.configDir).use(args.name);
    this.say(`Commands use the context ${args.name} from now on.`);
    return { context: args.name };
  }
}

import { Args } from '@oclif/core';
import { BaseCommand } from '../../base/base-command.js';

export default class ContextRename extends BaseCommand {
  static override summary = 'Give a context of this machine another name.';
  static override args = {
    name: Args.string({ required: true, ignoreStdin: true, description: 'Its name; see collective context list.' }),
    newName: Args.string({ required: true, ignoreStdin: true, description: 'The name it gets.' }),
  };
  static override examples = ['<%= config.bin %> context rename alice home'];

  async run(): Promise<{ readonly context: string; readonly formerly: string }> {
    const { args } = await this.parse(ContextRename);
    const { openContexts } = await import('../../compose/contexts.js');
    const { name, newName } = args;
    await openContexts(this.config.configDir).rename(name, newName);
    this.say(`The context ${name} is called ${newName} from now on.`);
    return { context: newName, formerly: name };
  }
}

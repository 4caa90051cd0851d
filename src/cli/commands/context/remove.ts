import { Args, Flags } from '@oclif/core';
import { CollectiveError } from '../../../base/index.js';
import { BaseCommand } from '../../base/base-command.js';

export default class ContextRemove extends BaseCommand {
  static override summary = 'Forget a membership of this machine: its key and certificate are deleted.';
  static override description =
    'The key is nowhere else: to come back, this machine needs a new invite. Nothing is changed at the coordinator, where the ' +
    'certificate stays good until it expires or is revoked. Asks first; with --yes, or without a terminal, only --yes will do.';
  static override aliases = ['context:rm'];
  static override args = {
    name: Args.string({ required: true, ignoreStdin: true, description: 'Its name; see collective context list.' }),
  };
  static override flags = { yes: Flags.boolean({ char: 'y', description: 'Do not ask.' }) };

  async run(): Promise<{ readonly removed: string; readonly current: string | null }> {
    const { args, flags } = await this.parse(ContextRemove);
    const { openContexts } = await import('../../compose/contexts.js');
    const store = openContexts(this.config.configDir);
    const { name, memberName } = await store.get(args.name);
    if (!flags.yes) await this.#ask(name, memberName);
    await store.remove(name);
    const current = await store.currentName();
    this.say(`The context ${name} is removed.`);
    if (current === undefined) this.say('Next: collective context list');
    return { removed: name, current: current ?? null };
  }

  async #ask(name: string, memberName: string): Promise<void> {
    if (!this.interactive || process.stdin.isTTY !== true) {
      throw new CollectiveError('USAGE', `Removing the context ${name} deletes the key of this machine.`, {
        next: `collective context remove ${name} --yes`,
      });
    }
    const { confirm } = await import('@inquirer/prompts');
    const message = `Delete the key of this machine with ${memberName}? It takes a new invite to come back.`;
    if (await confirm({ message, default: false }, { output: process.stderr, signal: this.interrupted })) return;
    throw new CollectiveError('CANCELLED', `The context ${name} stays.`);
  }
}

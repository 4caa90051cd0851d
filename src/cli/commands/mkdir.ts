import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../base/client-command.js';
import { currentFileTime, newFolderMode } from '../local/standard-streams.js';

export default class MakeDirectory extends ClientCommand {
  static override summary = 'Make folders.';
  static override usage = 'mkdir REMOTE...';
  static override args = {
    paths: Args.string({ required: true, multiple: true, ignoreStdin: true, description: 'Remote paths.' }),
  };
  static override flags = {
    parents: Flags.boolean({ char: 'p', description: 'Make missing parents too; an existing folder is no error.' }),
  };

  async run(): Promise<{ readonly directories: readonly { readonly path: string; readonly id: string }[] }> {
    const { args, flags } = await this.parse(MakeDirectory);
    const { client } = await this.client(flags.context);
    const directories = await client.makeDirectories(
      args.paths,
      { mode: newFolderMode(), modified: currentFileTime(), parents: flags.parents },
      this.interrupted,
    );
    return { directories };
  }
}

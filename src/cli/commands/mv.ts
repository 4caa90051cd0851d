import { Args, Flags } from '@oclif/core';
import { CollectiveError } from '../../base/index.js';
import { ClientCommand } from '../base/client-command.js';

export default class Move extends ClientCommand {
  static override summary = 'Move or rename files and folders.';
  static override description =
    'Like mv: into the last path if that is a folder, else to it. A file that is there is replaced; its versions stay in the log.';
  static override usage = 'mv REMOTE... REMOTE';
  static override args = {
    paths: Args.string({
      required: true,
      multiple: true,
      ignoreStdin: true,
      description: 'Remote paths; the last is where the others go.',
    }),
  };
  static override flags = {
    'no-clobber': Flags.boolean({ char: 'n', description: 'Fail instead of replacing a file.' }),
  };

  async run(): Promise<{ readonly moved: readonly { readonly from: string; readonly to: string }[] }> {
    const { args, flags } = await this.parse(Move);
    const sources = [...args.paths];
    const destination = sources.pop() ?? '';
    if (sources.length === 0)
      throw new CollectiveError('USAGE', 'Say what to move and where.', { next: 'collective mv <from> <to>' });
    const { client } = await this.client(flags.context);
    return { moved: await client.move(sources, destination, { replace: !flags['no-clobber'] }, this.interrupted) };
  }
}

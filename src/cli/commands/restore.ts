import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../base/client-command.js';
import { pastFlags, pastOf } from '../base/past-flags.js';
import { type EntryJson, entryJson, printable } from '../format/entries.js';

export default class Restore extends ClientCommand {
  static override summary = 'Put back what was deleted, or an older version of a file.';
  static override description =
    'A deleted folder comes back with all that is below it. An older version becomes the newest one; no bytes move. Folders on ' +
    'the way are made again. It refuses where something stands at the path, unless --overwrite.';
  static override args = {
    path: Args.string({ required: true, ignoreStdin: true, description: 'The remote path that it had.' }),
  };
  static override flags = {
    ...pastFlags,
    to: Flags.string({ description: 'Where to put it instead; into it, if that is a folder.', helpValue: 'REMOTE' }),
    overwrite: Flags.boolean({ description: 'In place of what stands there, which is deleted by it.' }),
  };
  static override examples = [
    { description: 'What was deleted', command: '<%= config.bin %> restore /photos' },
    { description: 'An older version', command: '<%= config.bin %> restore /notes/today.txt --version 3' },
    {
      description: 'As it was, beside what is there',
      command: '<%= config.bin %> restore /notes/today.txt --at 2d --to /notes/then.txt',
    },
  ];

  async run(): Promise<{ readonly path: string; readonly restored: EntryJson }> {
    const { args, flags } = await this.parse(Restore);
    const { client } = await this.client(flags.context);
    const { to, overwrite } = flags;
    const entry = await client.tree.restore(args.path, { ...pastOf(flags), to, overwrite }, this.interrupted);
    const shown = printable(entry.path);
    if (entry.kind === 'directory') this.say(`Restored the folder ${shown}.`);
    else this.say(entry.kind === 'file' ? `Restored ${shown}, now version ${entry.version}.` : `Restored ${shown}.`);
    return { path: args.path, restored: entryJson(entry) };
  }
}

import { Args } from '@oclif/core';
import { ClientCommand } from '../base/client-command.js';
import { onlyOne, pastFlags, pastOf } from '../base/past-flags.js';

export default class Cat extends ClientCommand {
  static override summary = 'Write the content of files to standard output.';
  static override description = 'Every byte is checked before it is written. With --json only a failure is told as JSON.';
  static override usage = 'cat REMOTE...';
  static override args = {
    paths: Args.string({ required: true, multiple: true, ignoreStdin: true, description: 'Remote files.' }),
  };
  static override flags = pastFlags;
  static override examples = ['<%= config.bin %> cat /notes/today.txt', '<%= config.bin %> cat /notes/today.txt --at 2d'];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Cat);
    const { client } = await this.client(flags.context);
    const past = pastOf(flags);
    if (past !== undefined && args.paths.length > 1) throw onlyOne();
    await this.pour(client, args.paths, past);
  }
}

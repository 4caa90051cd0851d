import { Args } from '@oclif/core';
import { ClientCommand } from '../base/client-command.js';

export default class Cat extends ClientCommand {
  static override summary = 'Write the content of files to standard output.';
  static override description = 'Every byte is checked before it is written. With --json only a failure is told as JSON.';
  static override usage = 'cat REMOTE...';
  static override args = {
    paths: Args.string({ required: true, multiple: true, ignoreStdin: true, description: 'Remote files.' }),
  };
  static override examples = ['<%= config.bin %> cat /notes/today.txt'];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Cat);
    const { client } = await this.client(flags.context);
    await this.pour(client, args.paths);
  }
}

import { Args, Flags } from '@oclif/core';
import { isCollectiveError } from '../../base/index.js';
import { ClientCommand } from '../base/client-command.js';

export default class Remove extends ClientCommand {
  static override summary = 'Remove files and folders.';
  static override description = 'The log remembers what was removed; its bytes stay on the nodes until they are collected.';
  static override usage = 'rm REMOTE...';
  static override args = {
    paths: Args.string({ required: true, multiple: true, ignoreStdin: true, description: 'Remote paths.' }),
  };
  static override flags = {
    recursive: Flags.boolean({ char: 'r', description: 'Also folders that are not empty, with all that is in them.' }),
    force: Flags.boolean({ char: 'f', description: 'What does not exist is no error.' }),
  };

  async run(): Promise<{ readonly removed: readonly string[] }> {
    const { args, flags } = await this.parse(Remove);
    const { client } = await this.client(flags.context);
    const removed: string[] = [];
    for (const path of args.paths) {
      try {
        removed.push(await client.remove(path, flags.recursive, this.interrupted));
      } catch (error) {
        if (!flags.force || !isCollectiveError(error) || error.code !== 'NOT_FOUND') throw error;
      }
    }
    return { removed };
  }
}

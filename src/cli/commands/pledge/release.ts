import { Args, Flags } from '@oclif/core';
import { CollectiveError, counted, formatSize } from '../../../base/index.js';
import { ClientCommand } from '../../base/client-command.js';

export default class PledgeRelease extends ClientCommand {
  static override summary = 'Give up what is kept here for a member that was removed.';
  static override description =
    'What you kept for it stays on your nodes when you remove a member: it may hold the only copies of its files. This takes them off ' +
    'the record, for good. Their room on the disks is freed once chunks are collected, which this version does not do yet.';
  static override args = { member: Args.string({ required: true, ignoreStdin: true, description: 'Who: its name or id.' }) };
  static override flags = { yes: Flags.boolean({ char: 'y', description: 'Do not ask.' }) };
  static override examples = ['<%= config.bin %> pledge release carol'];

  async run(): Promise<{
    readonly member: { readonly id: string; readonly name: string };
    readonly chunks: number;
    readonly bytes: number;
  }> {
    const { args, flags } = await this.parse(PledgeRelease);
    const { client } = await this.client(flags.context);
    if (!flags.yes) await this.#ask(args.member);
    const { memberId, name, chunks, bytes } = await client.copies.releaseKept(args.member, () => undefined, this.interrupted);
    this.say(
      chunks === 0
        ? `Nothing is kept for ${name}.`
        : `Nothing is kept for ${name} any more: ${counted(chunks, 'chunk')}, ${formatSize(bytes)}, are given up.`,
    );
    return { member: { id: memberId, name }, chunks, bytes };
  }

  async #ask(member: string): Promise<void> {
    if (!this.interactive || !process.stdin.isTTY) {
      throw new CollectiveError('USAGE', `What is kept for ${member} may be the only copies of its files.`, {
        next: `To give them up without being asked: collective pledge release ${member} --yes`,
      });
    }
    const { confirm } = await import('@inquirer/prompts');
    const message = `What is kept for ${member} may be the only copies of its files. Give them up for good?`;
    if (await confirm({ message, default: false }, { output: process.stderr, signal: this.interrupted })) return;
    throw new CollectiveError('CANCELLED', 'Nothing was given up.');
  }
}

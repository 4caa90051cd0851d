import { Args, Flags } from '@oclif/core';
import { CollectiveError, toHex } from '../../../base/index.js';
import { ClientCommand } from '../../base/client-command.js';
import { fingerprint, memberJson } from '../../format/members.js';

type Preview = Awaited<ReturnType<Awaited<ReturnType<ClientCommand['client']>>['client']['members']['preview']>>;

export default class MemberAccept extends ClientCommand {
  static override summary = "Accept another member's invite: see who is asking, and admit them.";
  static override description =
    'Asks the coordinator that the invite leads to who it is, and shows that, before anything is told of you. On a terminal it asks ' +
    'then; without one, --yes says it beforehand.';
  static override args = {
    invite: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'From collective member invite; - reads it from standard input.',
    }),
  };
  static override flags = {
    name: Flags.string({ description: 'What the member will be called here. Default: what it calls itself.', helpValue: 'NAME' }),
    yes: Flags.boolean({ char: 'y', description: 'Do not ask.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(MemberAccept);
    const { readInvite } = await import('../../base/read-invite.js');
    const invite = await readInvite(args.invite);
    const { client, context } = await this.client(flags.context);
    const preview = await client.members.preview(invite, this.interrupted);
    this.#show(preview, flags.name ?? preview.name);
    if (!flags.yes) await this.#ask(preview);
    const accepted = await client.members.accept({ invite, name: flags.name ?? '' }, this.interrupted);
    const member = memberJson(accepted.member);
    this.say(`${member.name} is admitted here.`);
    if (accepted.stateThere === 'admitted') {
      this.say('You are admitted there too: both coordinators connect by themselves.');
      this.say('Next: collective peer list');
    } else {
      this.say(`There you have to be approved first, with: collective member approve ${context.memberName}`);
      this.say('Then both coordinators connect by themselves.');
    }
    return { member, stateThere: accepted.stateThere };
  }

  #show({ memberName, memberId, caSha256, endpoints, approved, state }: Preview, calledHere: string): void {
    const lines: readonly (readonly [string, string])[] = [
      ['Member id', memberId],
      ['CA', fingerprint(toHex(caSha256))],
      ['Coordinator', endpoints.join(', ') || 'dials only'],
      ['Called here', calledHere],
    ];
    this.say(`${memberName} invites you.`);
    for (const [label, value] of lines) this.say(`  ${`${label}:`.padEnd(13)} ${value}`);
    this.say('');
    if (state === 'admitted') {
      this.say(
        `${calledHere} is admitted here already. To accept brings each of you the other's present address and CA, and changes nothing else.`,
      );
      this.say('');
      return;
    }
    this.say('If you accept:');
    this.say(
      "- The two coordinators connect, and each keeps a copy of the other's log: names, sizes and times of all files, and where",
    );
    this.say('  they are stored. No content of files.');
    this.say(`- Neither can read or store anything with the other before it is granted or pledged.`);
    this.say(`- Members whom ${memberName} has admitted are introduced to you, and you to them.`);
    if (!approved) this.say(`- ${memberName} has to approve you before anything of this begins.`);
    this.say('');
  }

  async #ask({ memberName }: Preview): Promise<void> {
    if (!this.interactive || process.stdin.isTTY !== true) {
      throw new CollectiveError('USAGE', `Whether ${memberName} is to be admitted has to be said.`, {
        next: 'collective member accept INVITE --yes',
      });
    }
    const { confirm } = await import('@inquirer/prompts');
    const message = `Accept ${memberName}?`;
    if (await confirm({ message, default: false }, { output: process.stderr, signal: this.interrupted })) return;
    throw new CollectiveError('CANCELLED', `The invite of ${memberName} was not accepted; nothing was told of you.`);
  }
}

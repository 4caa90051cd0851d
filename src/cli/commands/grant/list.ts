import { Args, Flags } from '@oclif/core';
import { accept, CollectiveError, parseRemotePath } from '../../../base/index.js';
import type { CollectiveClient } from '../../../client/index.js';
import { ClientCommand } from '../../base/client-command.js';
import { grantJson, type GrantJson, grantTable, receivedTable } from '../../format/grants.js';

/** `bob:`, with or without the slash of his root. */
const WHOLE_MEMBER = /^([^/:]+):\/?$/u;

interface Listed {
  /** What others may do with files of this member; empty where only the others were asked for. */
  readonly grants: readonly GrantJson[];
  /** What this member may do with files of others; empty where a path of the own tree was asked for. */
  readonly toYou: readonly GrantJson[];
}

export default class GrantList extends ClientCommand {
  static override summary = 'List what other members may do with your files, and you with theirs.';
  static override description =
    'With a path of yours: the grants for it, for the folders it is in, and for those in it. With bob: only what bob lets you do. ' +
    "What others let you do is read from the copies of their logs here, so it may be a little behind while a member's coordinator is away.";
  static override aliases = ['grant:ls'];
  static override args = {
    path: Args.string({ ignoreStdin: true, description: 'A path of yours, or whose grants to you: bob:' }),
  };
  static override flags = {
    all: Flags.boolean({ char: 'a', description: 'Also those that have ended.' }),
    'to-me': Flags.boolean({ description: 'Only what others let you do.' }),
  };
  static override examples = [
    '<%= config.bin %> grant list',
    '<%= config.bin %> grant list /photos/2024',
    '<%= config.bin %> grant list bob:',
  ];

  async run(): Promise<Listed> {
    const { args, flags } = await this.parse(GrantList);
    const { client } = await this.client(flags.context);
    const asked = askedFor(args.path, flags['to-me']);
    const listed = await this.#list(client, asked, flags.all);
    if (flags.quiet) for (const { id } of asked.given === undefined ? listed.toYou : listed.grants) this.log(id);
    else this.#show(listed, asked);
    return listed;
  }

  async #list(client: CollectiveClient, { given, owner }: Asked, expiredToo: boolean): Promise<Listed> {
    const signal = this.interrupted;
    const grants = given === undefined ? [] : await client.grants.list({ path: given, expiredToo }, signal);
    const toYou = owner === undefined ? [] : await client.grants.list({ path: '', expiredToo, toUs: true, owner }, signal);
    return { grants: grants.map(grantJson), toYou: toYou.map(grantJson) };
  }

  #show({ grants, toYou }: Listed, { given, owner }: Asked): void {
    if (grants.length > 0) this.log(grantTable(grants));
    else if (given !== undefined)
      this.say(
        given === ''
          ? 'You have granted nothing to others.\nNext: collective grant add <folder> --member <name>'
          : `Nothing is granted at ${given}.\nNext: collective grant add <folder> --member <name>`,
      );
    if (owner === undefined) return;
    if (toYou.length > 0) this.log(`${given === undefined ? '' : '\nGranted to you:\n'}${receivedTable(toYou)}`);
    else if (given === undefined) {
      const nobody = owner === '' ? 'Nobody has granted you anything' : `${owner} has granted you nothing`;
      this.say(`${nobody}.\nNext: ask for it; on their side: collective grant add <folder> --member <your name>`);
    }
  }
}

/** Which of the own grants (empty: all), and those of whom to this member (empty: of all). */
interface Asked {
  readonly given: string | undefined;
  readonly owner: string | undefined;
}

function askedFor(path: string | undefined, toMe: boolean): Asked {
  const whole = WHOLE_MEMBER.exec(path ?? '')?.[1];
  if (whole !== undefined) return { given: undefined, owner: whole };
  if (path === undefined) return { given: toMe ? undefined : '', owner: '' };
  const { member } = accept(parseRemotePath(path));
  if (member === undefined && !toMe) return { given: path, owner: undefined };
  throw new CollectiveError('USAGE', 'What others let you do is listed for whole members.', {
    next: `collective grant list ${member ?? 'bob'}:`,
  });
}

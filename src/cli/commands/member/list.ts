import { Flags } from '@oclif/core';
import { ClientCommand } from '../../base/client-command.js';
import { memberJson, type MemberJson, memberTable, nobodyYet } from '../../format/members.js';

const GONE: ReadonlySet<string> = new Set(['removed', 'refused']);

export default class MemberList extends ClientCommand {
  static override summary = 'List the other members that are known here.';
  static override aliases = ['member:ls'];
  static override flags = { all: Flags.boolean({ char: 'a', description: 'Also those that were removed or refused.' }) };

  async run(): Promise<{ readonly members: readonly MemberJson[] }> {
    const { flags } = await this.parse(MemberList);
    const { client } = await this.client(flags.context);
    const found = (await client.members.list(this.interrupted)).map(memberJson);
    const members = found
      .filter(({ state }) => flags.all || !GONE.has(state))
      .toSorted((left, right) => (left.name < right.name ? -1 : 1));
    if (flags.quiet) for (const { id } of members) this.log(id);
    else if (members.length > 0) this.log(memberTable(members));
    else this.say(nobodyYet(found));
    const waiting = members.filter(({ state }) => state === 'applied');
    for (const { name } of waiting) this.say(`\nNext: collective member approve ${name}   (or refuse)`);
    return { members };
  }
}

import { ClientCommand } from '../../base/client-command.js';
import { pledgeJson, type PledgeJson, pledgeTable } from '../../format/pledges.js';

export default class PledgeList extends ClientCommand {
  static override summary = 'List what you keep for other members, and what they keep for you.';
  static override aliases = ['pledge:ls'];
  static override examples = ['<%= config.bin %> pledge list'];

  async run(): Promise<{ readonly given: readonly PledgeJson[]; readonly received: readonly PledgeJson[] }> {
    const { flags } = await this.parse(PledgeList);
    const { client } = await this.client(flags.context);
    const answer = await client.copies.listPledges(this.interrupted);
    const given = answer.given.map(pledgeJson);
    const received = answer.received.map(pledgeJson);
    if (given.length > 0) this.log(`You keep for others:\n${pledgeTable(given)}`);
    else this.say('You keep nothing for others.\nNext: collective pledge set <member> <size>');
    if (received.length > 0) this.log(`\nOthers keep for you:\n${pledgeTable(received)}`);
    const refusing = received.filter(({ state }) => state === 'not-admitted').map(({ member }) => member.name);
    if (refusing.length > 0) {
      const does = refusing.length === 1 ? 'does' : 'do';
      this.say(`${refusing.join(', ')} ${does} not let you in: how you stand there is shown by collective peer list`);
    }
    if (received.length === 0) this.say('\nNobody has pledged anything to you.');
    return { given, received };
  }
}

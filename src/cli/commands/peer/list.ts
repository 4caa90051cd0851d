import { ClientCommand } from '../../base/client-command.js';
import { nobodyYet } from '../../format/members.js';
import { peersJson, type PeersJson, peersText } from '../../format/peers.js';

export default class PeerList extends ClientCommand {
  static override summary = "Show the connection to every member's coordinator, and how far behind each other's logs are.";
  static override aliases = ['peer:ls'];

  async run(): Promise<PeersJson> {
    const { flags } = await this.parse(PeerList);
    const { client } = await this.client(flags.context);
    const found = peersJson(await client.peers.list(this.interrupted));
    if (flags.quiet) for (const { id } of found.peers) this.log(id);
    else if (found.peers.length === 0) this.say(nobodyYet(await client.members.list(this.interrupted)));
    else for (const line of peersText(found)) this.log(line);
    return found;
  }
}

import { ClientCommand } from '../../base/client-command.js';
import { witnessesJson, witnessesText, type WitnessesJson } from '../../format/witnesses.js';

export default class WitnessList extends ClientCommand {
  static override summary = 'Show which nodes and members keep the log, how far, and on how many disks it is.';
  static override aliases = ['witness:ls'];

  async run(): Promise<WitnessesJson> {
    const { flags } = await this.parse(WitnessList);
    const { client } = await this.client(flags.context);
    const summary = witnessesJson(await client.witnesses.list(this.interrupted));
    if (flags.quiet) for (const { id } of summary.witnesses) this.log(id);
    else for (const line of witnessesText(summary)) this.log(line);
    return summary;
  }
}

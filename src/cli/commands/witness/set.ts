import { Args, Flags } from '@oclif/core';
import { CollectiveError } from '../../../base/index.js';
import { ClientCommand } from '../../base/client-command.js';
import { witnessesJson, witnessesText, type WitnessesJson } from '../../format/witnesses.js';

export default class WitnessSet extends ClientCommand {
  static override summary = 'Name the nodes and other members that keep the log, in place of those that the coordinator chose.';
  static override description =
    'Nodes on other disks than the coordinator, or other members: only these help when its disk is lost. A change counts once enough ' +
    'of them hold it: while too many are away, nothing can be changed. From then on the coordinator adds none by itself, until --automatic. Those before have to take note of the change; --lost goes on without them, and is for when they are ' +
    'lost for good: never while they are only away.';
  static override strict = false;
  static override args = {
    nodes: Args.string({ ignoreStdin: true, description: 'Names or ids of nodes and members, up to 8.' }),
  };
  static override flags = {
    required: Flags.integer({
      min: 1,
      description: 'How many of them have to hold a change before it counts. Default: 1 of up to 2, half of more.',
      helpValue: 'N',
    }),
    automatic: Flags.boolean({ default: false, description: 'Let the coordinator choose again.' }),
    lost: Flags.boolean({
      default: false,
      description: 'Those before that are not here are lost for good: do not wait for them.',
    }),
  };
  static override examples = [
    '<%= config.bin %> witness set attic garage shed',
    '<%= config.bin %> witness set attic bob',
    '<%= config.bin %> witness set --automatic',
    '<%= config.bin %> witness set --automatic --lost',
  ];

  async run(): Promise<WitnessesJson> {
    const { argv, flags } = await this.parse(WitnessSet);
    const nodes = argv.map(String);
    if (flags.automatic !== (nodes.length === 0)) {
      throw new CollectiveError('USAGE', 'Name at least one node or member, or say --automatic.', {
        next: 'collective node list',
      });
    }
    const { client } = await this.client(flags.context);
    const wish = { nodes, required: flags.required ?? 0, evenAlone: flags.lost, automatic: flags.automatic };
    const summary = witnessesJson(await client.witnesses.name(wish, this.interrupted));
    if (!flags.quiet) for (const line of witnessesText(summary)) this.log(line);
    return summary;
  }
}

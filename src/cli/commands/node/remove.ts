import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../../base/client-command.js';

export default class NodeRemove extends ClientCommand {
  static override summary = 'Forget a node for good: one that was never started, or that was revoked.';
  static override description =
    'It is not listed any more, its name is free, and its copies do not count. One that has been here and is away is removed only ' +
    'with --force; one that is here has to be stopped or revoked first.';
  static override aliases = ['node:rm'];
  static override args = { node: Args.string({ required: true, ignoreStdin: true, description: 'Its name or id.' }) };
  static override flags = { force: Flags.boolean({ description: 'Also one that may come back with its copies.' }) };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(NodeRemove);
    const { client } = await this.client(flags.context);
    const { nodeId, name, copies } = await client.admin.removeNode(args.node, flags.force, this.interrupted);
    this.say(`Node ${name} (${nodeId}) is removed. Copies that do not count any more: ${copies}.`);
    return { id: nodeId, name, copies };
  }
}

import { ClientCommand } from '../../base/client-command.js';
import { nodesTable } from '../../format/nodes.js';
import { nodeJson, type NodeJson } from '../../format/status.js';

export default class NodeList extends ClientCommand {
  static override summary = 'List the nodes.';
  static override aliases = ['node:ls'];

  async run(): Promise<{ readonly nodes: readonly NodeJson[] }> {
    const { flags } = await this.parse(NodeList);
    const { client } = await this.client(flags.context);
    const nodes = (await client.admin.nodes(this.interrupted)).map(nodeJson);
    if (flags.quiet) for (const { id } of nodes) this.log(id);
    else this.log(nodes.length === 0 ? 'There is no node. Next: collective node invite' : nodesTable(nodes, Date.now()));
    return { nodes };
  }
}

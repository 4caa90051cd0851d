import { Args } from '@oclif/core';
import { CollectiveError, counted, formatSize } from '../../../base/index.js';
import { ClientCommand } from '../../base/client-command.js';
import { shortTime } from '../../format/entries.js';
import { nodeJson, type NodeJson } from '../../format/status.js';

export default class NodeShow extends ClientCommand {
  static override summary = 'Show what is known about a node.';
  static override args = {
    node: Args.string({ required: true, ignoreStdin: true, description: 'Its name or id.' }),
  };

  async run(): Promise<NodeJson> {
    const { args, flags } = await this.parse(NodeShow);
    const { client } = await this.client(flags.context);
    const found = await client.admin.node(args.node, this.interrupted);
    if (found === undefined)
      throw new CollectiveError('NOT_FOUND', `There is no node ${args.node}.`, { next: 'collective node list' });
    const node = nodeJson(found);
    const lines: [string, string][] = [
      ['Name', node.name],
      ['Id', node.id],
      ['State', node.state],
      ['Store', `${node.store.state || '-'}${node.store.reason === undefined ? '' : `: ${node.store.reason}`}`],
      ['Addresses', node.endpoints.join(', ') || '-'],
      ['Capacity', formatSize(node.capacity)],
      ['Used', `${formatSize(node.used)} in ${counted(node.chunks, 'chunk')}`],
      ['Free', formatSize(node.free)],
      ['Damaged', counted(node.damagedCopies, 'copy', 'copies')],
      ['Domain', node.failureDomain || 'its own'],
      ['Seen', node.lastSeen === undefined ? 'never' : shortTime(Date.parse(node.lastSeen))],
      ['Certificate', node.certificateExpires === undefined ? '-' : `until ${shortTime(Date.parse(node.certificateExpires))}`],
      ['Version', node.version || '-'],
    ];
    for (const [name, value] of lines) this.log(`${`${name}:`.padEnd(13)} ${value}`);
    return node;
  }
}

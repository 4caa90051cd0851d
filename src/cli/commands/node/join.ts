import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../base/base-command.js';
import { sizeFlag } from '../../base/flags.js';

export default class NodeJoin extends BaseCommand {
  static override summary = 'Make a folder of this machine a node, with an invite.';
  static override description =
    'The key is made here and never leaves. One node for each disk: two copies are only safe on two disks.';
  static override args = {
    invite: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'From collective node invite; - reads it from standard input.',
    }),
  };
  static override flags = {
    path: Flags.string({ required: true, description: 'The folder that keeps the chunks.', helpValue: 'DIR' }),
    capacity: sizeFlag({ required: true, description: 'How much it may hold, such as 100G or 1.5Ti.' }),
    listen: Flags.string({
      description: 'Where clients connect. Default: 0.0.0.0:7430, or the next port that no other node of this machine has.',
      helpValue: 'HOST:PORT',
    }),
    advertise: Flags.string({
      multiple: true,
      description: "Address at which clients reach it. Default: this machine's addresses.",
      helpValue: 'HOST[:PORT]',
    }),
    name: Flags.string({
      description: "The node's name, unless the invite has one. Default: this machine's.",
      helpValue: 'NAME',
    }),
    'failure-domain': Flags.string({
      default: '',
      description: 'What fails together with it, such as a machine or a house: copies go to different ones first.',
      helpValue: 'WORD',
    }),
  };
  static override examples = ['<%= config.bin %> node join INVITE --path /mnt/disk1/collective --capacity 900G'];

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(NodeJoin);
    const { readInvite } = await import('../../base/read-invite.js');
    const { createWorld } = await import('../../compose/world.js');
    const { defaultNodeName } = await import('../../base/default-name.js');
    const { absolute, advertisedEndpoints, parseAddress } = await import('../../compose/data-folders.js');
    const { checkCapacity, freeAddress } = await import('../../compose/node-choices.js');
    const { joinWithFolder } = await import('../../compose/node.js');
    const { nodesHere, rememberNode } = await import('../../compose/known-nodes.js');
    checkCapacity(flags.capacity);
    const world = createWorld(await this.logger());
    const directory = absolute(flags.path);
    const others = await nodesHere(world, this.config.dataDir);
    const listen = flags.listen === undefined ? freeAddress(others) : parseAddress(flags.listen);
    const joined = await joinWithFolder(
      {
        invite: await readInvite(args.invite),
        directory,
        name: flags.name ?? defaultNodeName(new Set(others.map(({ name }) => name))),
        listen,
        endpoints: [...advertisedEndpoints(listen, flags.advertise ?? [])],
        capacityBytes: flags.capacity,
        failureDomain: flags['failure-domain'],
        signal: this.interrupted,
      },
      world,
    );
    await rememberNode(world, this.config.dataDir, directory);
    this.say(`${directory} is now the node ${joined.name} of ${joined.memberName}.`);
    this.say(`Next: collective node start --path ${flags.path}`);
    return {
      nodeId: joined.nodeId,
      name: joined.name,
      memberId: joined.own.memberId,
      memberName: joined.memberName,
      path: directory,
    };
  }
}

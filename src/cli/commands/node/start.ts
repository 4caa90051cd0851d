import { Flags } from '@oclif/core';
import { DaemonCommand } from '../../base/daemon-command.js';
import { sizeFlag } from '../../base/flags.js';

export default class NodeStart extends DaemonCommand {
  static override summary = 'Run a node until it is told to stop (Ctrl-C or SIGTERM).';
  static override description =
    'Prints one line when it is ready, with --json as an object {"ready": true, "pid", ...}: it serves then, whether or not the ' +
    'coordinator can be reached. Log lines go to standard error, as JSON unless that is a terminal.';
  static override flags = {
    path: Flags.string({
      description: "The node's folder. Default: the only one that joined on this machine.",
      helpValue: 'DIR',
    }),
    listen: Flags.string({ description: 'For this run: where clients connect.', helpValue: 'HOST:PORT' }),
    advertise: Flags.string({
      multiple: true,
      description: 'For this run: address at which clients reach it.',
      helpValue: 'HOST[:PORT]',
    }),
    coordinator: Flags.string({
      multiple: true,
      description: 'Where the coordinator is now, if it has moved; kept for later starts.',
      helpValue: 'HOST:PORT',
    }),
    capacity: sizeFlag({ description: 'For this run: how much it may hold.' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(NodeStart);
    const { createWorld } = await import('../../compose/world.js');
    const { openNode } = await import('../../compose/node.js');
    const { chooseNodeDirectory } = await import('../../compose/known-nodes.js');
    const { advertisedEndpoints, parseAddress } = await import('../../compose/data-folders.js');
    const { moveCoordinator, readNodeSettings } = await import('../../compose/node-folder.js');
    if (flags.capacity !== undefined) (await import('../../compose/node-choices.js')).checkCapacity(flags.capacity);
    const logger = await this.daemonLogger(flags['log-level'], { role: 'node' });
    const world = createWorld(logger);
    const directory = await chooseNodeDirectory(world, this.config.dataDir, flags.path);
    if (flags.coordinator !== undefined) await moveCoordinator(world, directory, flags.coordinator);
    const kept = await readNodeSettings(world, directory);
    const listen = flags.listen === undefined ? kept.listen : parseAddress(flags.listen);
    const moved = flags.listen !== undefined || flags.advertise !== undefined;
    const { node, settings, release } = await openNode(
      {
        directory,
        overrides: {
          listen,
          ...(moved ? { endpoints: [...advertisedEndpoints(listen, flags.advertise ?? [])] } : {}),
          ...(flags.capacity === undefined ? {} : { capacityBytes: flags.capacity }),
        },
        softwareVersion: this.config.version,
      },
      world,
    );
    this.atEnd(release);
    await this.serve(
      {
        start: async (signal) => {
          await node.start(signal);
          const { name, memberName, endpoints } = settings;
          return {
            line: `Node ${name} of ${memberName} is ready at ${endpoints.join(', ')} (pid ${process.pid}).`,
            fields: { role: 'node', nodeId: node.nodeId, name, path: directory, endpoints },
          };
        },
        stop: () => node.stop(),
      },
      logger,
    );
  }
}

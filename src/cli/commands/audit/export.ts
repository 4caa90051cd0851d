import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../base/base-command.js';

export default class AuditExport extends BaseCommand {
  static override summary = "Copy the coordinator's log to a folder, each block verified: for archives, and for other verifiers.";
  static override description =
    'On the machine of the coordinator, whether it runs or not. The log goes to a folder in DIR that has the name of the member; what ' +
    'is there from an earlier export is kept, and what is new is added. tools/verify_log.py verifies it without this program.';
  static override args = { folder: Args.string({ description: 'Where to; made if it is missing.', required: true }) };
  static override flags = {
    directory: Flags.string({
      env: 'COLLECTIVE_DIRECTORY',
      description: "The coordinator's folder. Default: the only one.",
      helpValue: 'DIR',
    }),
    name: Flags.string({ description: 'Whose coordinator, where this machine has several.', exclusive: ['directory'] }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(AuditExport);
    const { createWorld } = await import('../../compose/world.js');
    const { exportLog } = await import('../../compose/export-log.js');
    const { chooseCoordinatorDirectory, readCoordinatorSettings } = await import('../../compose/coordinator-folder.js');
    const { absolute } = await import('../../compose/data-folders.js');
    const world = createWorld(await this.logger());
    const directory = await chooseCoordinatorDirectory(this.config.dataDir, flags);
    const { memberId: origin } = await readCoordinatorSettings(world, directory);
    const target = absolute(args.folder);
    const { folder, events, head } = await exportLog({ directory, origin, target, signal: this.interrupted }, world);
    this.log(`${events} events were added to ${folder}: the log up to event ${head}.`);
    return { member: origin, folder, events, head };
  }
}

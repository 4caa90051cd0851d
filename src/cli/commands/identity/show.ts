import { Flags } from '@oclif/core';
import { BaseCommand } from '../../base/base-command.js';
import { shortTime } from '../../format/entries.js';

export default class IdentityShow extends BaseCommand {
  static override summary = 'Show who this coordinator is, its keys by their fingerprints, and whether they are kept elsewhere.';
  static override flags = {
    directory: Flags.string({
      env: 'COLLECTIVE_DIRECTORY',
      description: "The coordinator's folder. Default: the only one.",
      helpValue: 'DIR',
    }),
    name: Flags.string({ description: 'Whose coordinator, where this machine has several.', exclusive: ['directory'] }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(IdentityShow);
    const { createWorld } = await import('../../compose/world.js');
    const { chooseCoordinatorDirectory, readCoordinatorSettings } = await import('../../compose/coordinator-folder.js');
    const { FolderFiles } = await import('../../compose/data-folders.js');
    const { readMark } = await import('../../compose/recovery-kit.js');
    const { readMemberFiles } = await import('../../../coordinator/index.js');
    const { memberCheckText } = await import('../../../identity/index.js');
    const { toHex } = await import('../../../base/index.js');
    const world = createWorld(await this.logger());
    const directory = await chooseCoordinatorDirectory(this.config.dataDir, flags);
    const settings = await readCoordinatorSettings(world, directory);
    const material = await readMemberFiles(settings, new FolderFiles(directory, world), world.hasher);
    const mark = await readMark(world, directory);
    const logKeyId = toHex(material.logKeys.keyId);
    const caSha256 = toHex(material.ca.sha256);
    const current = mark !== undefined && mark.logKeyId === logKeyId && mark.caSha256 === caSha256;
    const exported = mark === undefined ? undefined : new Date(mark.exportedMs).toISOString();
    const lines: [string, string][] = [
      ['Name', settings.name],
      ['Id', settings.memberId],
      ['To compare', memberCheckText(settings.memberId)],
      ['CA', caSha256],
      ['Log key', logKeyId],
      ['Folder', directory],
      [
        'Exported',
        mark === undefined
          ? 'never: collective identity export FILE'
          : current
            ? shortTime(mark.exportedMs)
            : `${shortTime(mark.exportedMs)}, and keys have changed since`,
      ],
    ];
    for (const [name, value] of lines) this.log(`${`${name}:`.padEnd(12)} ${value}`);
    return {
      memberId: settings.memberId,
      name: settings.name,
      caSha256,
      logKeyId,
      directory,
      ...(exported === undefined ? {} : { exported }),
      exportCurrent: current,
    };
  }
}

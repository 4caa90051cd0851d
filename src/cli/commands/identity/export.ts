import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../base/base-command.js';

export default class IdentityExport extends BaseCommand {
  static override summary = 'Write all keys of the coordinator to one file, encrypted: with it a lost coordinator is made anew.';
  static override description =
    'Keep the file on another disk, or on paper, and the passphrase elsewhere: together they are the member. The log is not in it: that ' +
    'comes back from the nodes and members that keep it (collective witness list). Export again once other members were admitted: the ' +
    'file says where they are. Needs the passphrase of the identity key, and encrypts with it.';
  static override args = {
    file: Args.string({ required: true, ignoreStdin: true, description: 'The file to write; it must not exist.' }),
  };
  static override flags = {
    'passphrase-file': Flags.string({
      description: 'A file whose first line is the passphrase; - for standard input. Else you are asked.',
      helpValue: 'FILE',
    }),
    directory: Flags.string({
      env: 'COLLECTIVE_DIRECTORY',
      description: "The coordinator's folder. Default: the only one.",
      helpValue: 'DIR',
    }),
    name: Flags.string({ description: 'Whose coordinator, where this machine has several.', exclusive: ['directory'] }),
  };
  static override examples = ['<%= config.bin %> identity export /media/stick/alice.recovery'];

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(IdentityExport);
    const { createWorld } = await import('../../compose/world.js');
    const { absolute } = await import('../../compose/data-folders.js');
    const { chooseCoordinatorDirectory, readCoordinatorSettings } = await import('../../compose/coordinator-folder.js');
    const { makeKit, markExported, writeKit } = await import('../../compose/recovery-kit.js');
    const { askKnownPassphrase } = await import('../../base/passphrase.js');
    const { keepersOfMember } = await import('../../compose/keepers-of-member.js');
    const world = createWorld(await this.logger());
    const directory = await chooseCoordinatorDirectory(this.config.dataDir, flags);
    const settings = await readCoordinatorSettings(world, directory);
    const path = absolute(args.file);
    const passphrase = await askKnownPassphrase(flags['passphrase-file']);
    const keepers = await keepersOfMember(world, this.config.configDir, settings.memberId, this.interrupted);
    const { text, kit } = await makeKit(world, { directory, settings }, passphrase, keepers);
    await writeKit(world, path, text);
    await markExported(world, directory, kit);
    this.say(`The identity and the keys of ${settings.name} are in ${path}, encrypted with the passphrase.`);
    this.say('Keep it on another disk. To make a lost coordinator anew: collective recover --identity FILE');
    return {
      memberId: settings.memberId,
      name: settings.name,
      file: path,
      nodes: kit.nodes,
      peers: kit.peers.map(({ id, name }) => ({ id, name })),
    };
  }
}

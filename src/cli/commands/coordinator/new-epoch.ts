import { Flags } from '@oclif/core';
import { accept } from '../../../base/index.js';
import { BaseCommand } from '../../base/base-command.js';

export default class CoordinatorNewEpoch extends BaseCommand {
  static override summary = 'Declare that the log of this folder is the one that counts, whatever copies of it say.';
  static override description =
    'For when the log is read-only because copies have gone another way, its key is lost, or witnesses are lost for good: the log goes ' +
    'on in a new epoch, from its last event, with a new log key. What others hold past that is put aside there, and was in vain. The ' +
    'coordinator must be stopped. Needs the passphrase of the identity key.';
  static override flags = {
    directory: Flags.string({
      env: 'COLLECTIVE_DIRECTORY',
      description: "The coordinator's folder. Default: the only one.",
      helpValue: 'DIR',
    }),
    name: Flags.string({ description: 'Whose coordinator, where this machine has several.', exclusive: ['directory'] }),
    'passphrase-file': Flags.string({
      description: 'A file whose first line is the passphrase; - for standard input. Else you are asked.',
      helpValue: 'FILE',
    }),
    reason: Flags.string({ default: '', description: 'Why, for the log: at most 200 bytes.', helpValue: 'TEXT' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(CoordinatorNewEpoch);
    const { createWorld } = await import('../../compose/world.js');
    const { chooseCoordinatorDirectory, readCoordinatorSettings } = await import('../../compose/coordinator-folder.js');
    const { FolderFiles } = await import('../../compose/data-folders.js');
    const { writeAssertedHead } = await import('../../compose/asserted-head.js');
    const { askKnownPassphrase } = await import('../../base/passphrase.js');
    const { logDirectoryOf, MEMBER_FILES, startEpoch } = await import('../../../coordinator/index.js');
    const { openIdentityKey } = await import('../../../identity/index.js');
    const { lockDataDirectory } = await import('../../../runtime/index.js');
    const world = createWorld(await this.logger());
    const directory = await chooseCoordinatorDirectory(this.config.dataDir, flags);
    const { memberId, name } = await readCoordinatorSettings(world, directory);
    const lock = await lockDataDirectory(directory);
    this.atEnd(() => lock.release());
    const files = new FolderFiles(directory, world);
    const passphrase = await askKnownPassphrase(flags['passphrase-file']);
    const { keys } = accept(await openIdentityKey(await files.readSecret(MEMBER_FILES.identityKey), passphrase, world.hasher));
    const started = await startEpoch({
      directory: logDirectoryOf(directory, memberId),
      memberId,
      identityKeys: keys,
      reason: flags.reason,
      files,
      ports: world,
    });
    await writeAssertedHead(world, directory, started);
    this.say(`The log of ${name} goes on in epoch ${started.epoch}, from event ${started.sequence - 1}.`);
    this.say('Its log key is new: collective identity export FILE');
    this.say('Next: collective coordinator start');
    return { memberId, name, directory, epoch: started.epoch, sequence: started.sequence };
  }
}

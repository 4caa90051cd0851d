import { RotationCommand, rotationFlags } from '../../../base/rotation-command.js';

export default class CoordinatorRotateLogKey extends RotationCommand {
  static override summary = 'Replace the key that signs the log: such as when it may have been seen by others.';
  static override description =
    'What was signed before stays as it is. Takes the identity key and its passphrase; the coordinator goes on running.';
  static override flags = rotationFlags;

  async run(): Promise<unknown> {
    const { flags } = await this.parse(CoordinatorRotateLogKey);
    const { sequence } = await this.rotate('log-key', flags, 0);
    this.say(`The log key is replaced: from event ${sequence + 1} on another key signs.`);
    this.say('Next: collective identity export FILE   (a copy made before holds the old key)');
    return { event: sequence };
  }
}

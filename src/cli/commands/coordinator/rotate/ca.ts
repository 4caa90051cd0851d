import { durationFlag } from '../../../base/flags.js';
import { shortTime } from '../../../format/entries.js';
import { RotationCommand, rotationFlags } from '../../../base/rotation-command.js';

export default class CoordinatorRotateCa extends RotationCommand {
  static override summary = 'Replace the certificate authority: such as when its key may have been seen by others.';
  static override description =
    'Certificates of the one before stay good for a while, in which everybody gets new ones by themselves. Invites that are open are ' +
    'of no use any more. Takes the identity key and its passphrase; the coordinator goes on running.';
  static override flags = {
    ...rotationFlags,
    overlap: durationFlag({ description: 'For how long old certificates stay good. Default: as long as certificates live.' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(CoordinatorRotateCa);
    const { sequence, previousUntilMs } = await this.rotate('ca', flags, flags.overlap ?? 0);
    this.say(
      `The CA is replaced by event ${sequence}. Certificates of the one before are good until ${shortTime(previousUntilMs)}.`,
    );
    this.say('Next: collective identity export FILE   (a copy made before holds the old key)');
    return { event: sequence, previousUntil: new Date(previousUntilMs).toISOString() };
  }
}

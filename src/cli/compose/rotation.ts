import { join, resolve } from 'node:path';
import { accept, CollectiveError, type MemberId } from '../../base/index.js';
import { MEMBER_FILES } from '../../coordinator/index.js';
import { createSigner, endorse, openCa, openIdentityKey } from '../../identity/index.js';
import { readPrivateKeyFile } from '../../runtime/index.js';
import type { PrepareRotationResponse } from '../../transport/index.js';
import { coordinatorsHere, readCoordinatorSettings } from './coordinator-folder.js';
import type { World } from './world.js';

/** The identity key's file of a member whose coordinator is on this machine. Error: NOT_FOUND. */
export async function identityFileOf(world: World, dataDirectory: string, memberId: MemberId): Promise<string> {
  for (const directory of await coordinatorsHere(dataDirectory)) {
    const settings = await readCoordinatorSettings(world, directory);
    if (settings.memberId === memberId) return join(directory, MEMBER_FILES.identityKey);
  }
  throw new CollectiveError('NOT_FOUND', 'The identity key is not on this machine.', {
    next: "Run this on the coordinator's machine, or say where the key's file is: --identity FILE",
  });
}

/** The identity key's word for what the coordinator has made. Errors: PASSPHRASE_WRONG, CERTIFICATE_INVALID, NOT_FOUND. */
export async function endorseRotation(
  world: World,
  options: {
    readonly file: string;
    readonly passphrase: string;
    readonly memberId: MemberId;
    readonly what: 'ca' | 'log-key';
    readonly prepared: PrepareRotationResponse;
  },
): Promise<Uint8Array> {
  const { file, passphrase, memberId, what, prepared } = options;
  const identity = accept(await openIdentityKey(await readPrivateKeyFile(resolve(file)), passphrase, world.hasher));
  if (identity.memberId !== memberId) {
    throw new CollectiveError('CONFIG_INVALID', `${file} is the identity key of another member.`, {
      next: 'Choose the file with --identity, or the member with --context.',
    });
  }
  const validFrom = { epoch: prepared.epoch, sequence: prepared.sequence };
  const signer = createSigner(identity.keys);
  if (what === 'log-key') return endorse({ memberId, purpose: 'log-key', subject: prepared.subject, validFrom }, signer);
  const ca = accept(openCa(prepared.subject));
  return endorse({ memberId, purpose: 'member-ca', subject: ca.sha256, validFrom }, signer);
}

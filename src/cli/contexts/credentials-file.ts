import * as z from 'zod';
import { accept, CollectiveError, LIMITS, type MemberId } from '../../base/index.js';
import {
  certificatePem,
  certificatesOfPem,
  checkKeyFile,
  type CredentialSet,
  openCa,
  ownIdentity,
  type PeerIdentity,
} from '../../identity/index.js';
import { parseConfig, readPrivateKeyFile, writeConfigFile } from '../../runtime/index.js';
import type { FileSystem, Random } from '../../ports/index.js';

/** Certificates and keys are PEM. One file, so that a crash while a certificate is renewed leaves key and certificate that match. */
const SCHEMA = z.object({
  version: z.literal(1),
  privateKey: z.string(),
  certificate: z.string(),
  ca: z.string(),
  previousCas: z.array(z.object({ certificate: z.string(), untilMs: z.number() })).max(LIMITS.casTold),
});

/** Written atomically and durably, mode 0600. */
export function writeCredentials(
  ports: { readonly fileSystem: FileSystem; readonly random: Random },
  path: string,
  { privateKeyPem, leaf, ca, previousCas = [] }: CredentialSet,
): Promise<void> {
  return writeConfigFile(ports, path, SCHEMA, {
    version: 1,
    privateKey: privateKeyPem,
    certificate: certificatePem(leaf),
    ca: ca.pem,
    previousCas: previousCas.map((previous) => ({ certificate: previous.ca.pem, untilMs: previous.untilMs })),
  });
}

/** Whose the settings say that the credentials beside them are. */
export interface CredentialOwner {
  readonly settingsPath: string;
  readonly memberId: MemberId;
  readonly role: 'node' | 'client';
  readonly id: string;
}

/** Errors: KEY_FILE_UNSAFE, NOT_FOUND, CONFIG_INVALID, CERTIFICATE_INVALID (naming both files where they do not fit together). */
export async function readCredentials(path: string, owner: CredentialOwner): Promise<CredentialSet> {
  const found = await readUnowned(path, owner.memberId);
  checkKeyFile({ path, der: found.leaf }, { path, privateKeyPem: found.privateKeyPem });
  const identity = ownIdentity(found, [owner.role]);
  if (identity.ok && idOf(identity.value) === owner.id) return found;
  const why = identity.ok ? `its certificate is that of ${idOf(identity.value)}, not of ${owner.id}` : identity.error.message;
  throw new CollectiveError('CERTIFICATE_INVALID', `${path} does not fit ${owner.settingsPath}: ${why.replace(/\.$/, '')}.`, {
    next: 'Put both files back from one backup, or join again with a new invite.',
    details: { path, settings: owner.settingsPath },
  });
}

const idOf = (identity: PeerIdentity): string =>
  identity.role === 'node' ? identity.nodeId : identity.role === 'client' ? identity.clientId : '';

async function readUnowned(path: string, memberId: MemberId): Promise<CredentialSet> {
  const { privateKey, certificate, ca, previousCas } = parseConfig(path, await readPrivateKeyFile(path), SCHEMA);
  try {
    const [leaf] = accept(certificatesOfPem(certificate));
    return {
      memberId,
      ca: accept(openCa(ca)),
      leaf,
      privateKeyPem: privateKey,
      previousCas: previousCas.map((previous) => ({ ca: accept(openCa(previous.certificate)), untilMs: previous.untilMs })),
    };
  } catch (error) {
    throw new CollectiveError('CERTIFICATE_INVALID', `${path} cannot be used: it holds something that is no certificate.`, {
      next: 'Put it back from a backup, or join again with a new invite.',
      details: { path },
      cause: error,
    });
  }
}

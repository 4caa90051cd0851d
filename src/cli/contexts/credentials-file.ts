import * as z from 'zod';
import { accept, CollectiveError, LIMITS, type MemberId } from '../../base/index.js';
import { certificatePem, certificatesOfPem, type CredentialSet, openCa } from '../../identity/index.js';
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

/** Errors: KEY_FILE_UNSAFE, NOT_FOUND, CONFIG_INVALID, CERTIFICATE_INVALID. */
export async function readCredentials(path: string, memberId: MemberId): Promise<CredentialSet> {
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

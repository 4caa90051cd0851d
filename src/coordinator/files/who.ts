import { isClientId, isNodeId } from '../../base/index.js';
import type { Actor } from '../../events/index.js';
import type { CertificatesReader } from '../../projections/index.js';

/** What people call somebody who asked for something: the name on the last certificate. */
export function nameOfActor(actor: Actor, certificates: CertificatesReader): string {
  const [role = '', id = ''] = actor.split('/', 2);
  if (role === 'client' && isClientId(id)) return certificates.of('client', id)[0]?.name ?? id;
  if (role === 'node' && isNodeId(id)) return certificates.of('node', id)[0]?.name ?? id;
  return role;
}

import { isClientId, isMemberId, isNodeId } from '../../base/index.js';
import type { Actor } from '../../events/index.js';
import type { Views } from '../../projections/index.js';

/** What people call somebody who asked for something: the name on the last certificate, or what the other member is called. */
export function nameOfActor(actor: Actor, { certificates, peers }: Pick<Views, 'certificates' | 'peers'>): string {
  const [role = '', id = ''] = actor.split('/', 2);
  if (role === 'client' && isClientId(id)) return certificates.of('client', id)[0]?.name ?? id;
  if (role === 'node' && isNodeId(id)) return certificates.of('node', id)[0]?.name ?? id;
  if (role === 'member' && isMemberId(id)) return peers.get(id)?.name ?? id.slice(0, 8);
  return role;
}

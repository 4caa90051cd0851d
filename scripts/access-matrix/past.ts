import { accept } from '../../src/base/index.js';
import { type OwnCredentials, ownIdentity } from '../../src/identity/index.js';
import { renewCertificate } from '../../src/transport/certificates/renew-certificate.js';
import type { AccessWorld } from '../../test/integration/access/support/access-world.js';
import type { Past } from './credentials.js';

const { signal } = new AbortController();
/** Over at once. */
const NO_OVERLAP_MS = 1;
const OVERLAP_MS = 24 * 3600 * 1000;

/** Two CAs are replaced, a client renews its certificate, a client and a node are revoked. */
export async function liveThrough(world: AccessWorld): Promise<Past> {
  const afterOverlap = world.founded.material;
  await world.rotateCa(NO_OVERLAP_MS);
  const withinOverlap = world.founded.material;
  await world.rotateCa(OVERLAP_MS);
  // With the same key, which the rights of the matrix are bound to.
  const renewedSince = world.client.own;
  const { channel } = world.client;
  const { credentials } = await renewCertificate({ own: renewedSince, channel, key: 'same', signal }, world.ports);
  world.client = world.connect(credentials);
  const revokedClient = await world.redeem('client', 'stolen');
  const revokedNode = await world.redeem('node', 'stolen-node');
  await world.revoke('client', idOf(revokedClient));
  await world.revoke('node', idOf(revokedNode));
  return { afterOverlap, withinOverlap, renewedSince, revokedClient, revokedNode };
}

function idOf(own: OwnCredentials): string {
  const identity = accept(ownIdentity(own));
  return identity.role === 'client' ? identity.clientId : identity.role === 'node' ? identity.nodeId : '';
}

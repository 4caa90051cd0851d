import { LIMITS } from '../../../base/index.js';
import type { Random } from '../../../ports/index.js';
import type { Links } from '../session/links.js';
import type { PeerLink } from '../session/peer-link.js';

/** All of few sessions; of many a few, drawn anew each time: as everybody does so, what one is not told it hears from another. */
export function drawnLinks(links: Links, random: Random): readonly PeerLink[] {
  const all = links.all();
  if (all.length <= LIMITS.peersPushedToAll) return all;
  const drawn = all.map((link) => ({ link, order: random.fraction() }));
  drawn.sort((left, right) => left.order - right.order);
  return drawn.slice(0, LIMITS.peersToldARound).map(({ link }) => link);
}

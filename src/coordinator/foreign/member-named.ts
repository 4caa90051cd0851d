import { CollectiveError, isMemberId, type MemberId } from '../../base/index.js';
import type { PeerRow, PeersReader } from '../../projections/index.js';

/** Another member by name or id. Error: NOT_FOUND. */
export function memberNamed(text: string, peers: PeersReader): readonly [MemberId, PeerRow] {
  const row = isMemberId(text) ? peers.get(text) : undefined;
  const found = isMemberId(text) && row !== undefined ? ([text, row] as const) : peers.byName(text);
  if (found !== undefined) return found;
  throw new CollectiveError('NOT_FOUND', `There is no member ${JSON.stringify(text.slice(0, 80))}.`, {
    next: 'See who there is: collective member list',
  });
}

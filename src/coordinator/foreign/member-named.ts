import { accept, type MemberId } from '../../base/index.js';
import { memberNamed as named } from '../../domain/index.js';
import type { PeerRow, PeersReader } from '../../projections/index.js';

/** Another member by name, id or the beginning of one. Error: NOT_FOUND. */
export function memberNamed(text: string, peers: PeersReader): readonly [MemberId, PeerRow] {
  const { memberId, row } = accept(named(text, peers));
  return [memberId, row];
}

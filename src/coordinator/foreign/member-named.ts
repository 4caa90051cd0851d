import { accept, type MemberId } from '../../base/index.js';
import { memberNamed as named } from '../../domain/index.js';
import type { PeerRow, Views } from '../../projections/index.js';

/** Another member by name, id or the beginning of one. Errors: NOT_FOUND; REQUEST_INVALID for oneself. */
export function memberNamed(text: string, views: Pick<Views, 'peers' | 'members'>): readonly [MemberId, PeerRow] {
  const { memberId, row } = accept(named(text, views));
  return [memberId, row];
}

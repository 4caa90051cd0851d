import { LIMITS, type MemberId } from '../../base/index.js';
import { record, unsigned } from '../rows/fields.js';
import { shortTextPart, single } from '../rows/keys.js';
import type { Bind, TableDefinition, ViewInfo } from '../rows/table.js';
import type { PeersReader } from './peers.js';
import { refuse, type View } from './view.js';

/** What this log's owner offers to keep for another member. */
export interface PledgeRow {
  /** At least 1. */
  readonly bytes: number;
  readonly changedMs: number;
}

export interface PledgesReader {
  get(memberId: MemberId): PledgeRow | undefined;
  /** At most LIMITS.members, in the order of ids. */
  all(): readonly (readonly [MemberId, PledgeRow])[];
}

const INFO: ViewInfo = { name: 'pledges', id: 16, version: 1, derived: true };

const PLEDGES: TableDefinition<MemberId, PledgeRow> = {
  view: INFO,
  name: 'pledges',
  id: 1,
  key: single(shortTextPart<MemberId>()),
  resident: true,
  row: record<PledgeRow>({ bytes: unsigned, changedMs: unsigned }),
};

export function pledgesView(bind: Bind, peers: PeersReader): View<PledgesReader> {
  const pledges = bind(PLEDGES);
  return {
    info: INFO,
    read: {
      get: (id) => pledges.get(id),
      all: () => pledges.page({ prefix: '', limit: LIMITS.members }).rows,
    },
    apply(event, { timeMs }) {
      if (event.type !== 'PledgeChanged') return;
      if (peers.get(event.memberId) === undefined) refuse('the member is not known');
      if (event.bytes === 0) pledges.remove(event.memberId);
      else pledges.put(event.memberId, { bytes: event.bytes, changedMs: timeMs });
    },
  };
}

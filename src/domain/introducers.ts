import type { MemberId } from '../base/index.js';
import type { PeerRow } from '../projections/index.js';

type Rows = ReadonlyMap<MemberId, Pick<PeerRow, 'introducedBy'>>;

/** Whom a person here has let in, and who has brought this member, be it by others that it brought. */
function firstIntroducer(memberId: MemberId, rows: Rows): MemberId {
  let present = memberId;
  for (let steps = 0; steps < rows.size; steps += 1) {
    const by = rows.get(present)?.introducedBy ?? '';
    if (by === '') return present;
    present = by;
  }
  return present;
}

/** How many members have come by the one who would introduce another now: by itself, or by those whom it has brought. */
export function broughtInAlready(introducedBy: MemberId, rows: Rows): number {
  const first = firstIntroducer(introducedBy, rows);
  let brought = 0;
  for (const [memberId, row] of rows) if (row.introducedBy !== '' && firstIntroducer(memberId, rows) === first) brought += 1;
  return brought;
}

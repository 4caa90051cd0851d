import { formatDuration } from '../../base/index.js';
import type { AwayTree, ChunkWait } from '../../client/index.js';
import { shortTime } from './entries.js';
import { printable } from './printable.js';

/** What scripts get to see of a member that is away, whose tree was read all the same. */
export interface AwayJson {
  readonly member: string;
  readonly memberId: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly time: string;
  readonly heard?: string;
  readonly frozen?: string;
}

export const awayJson = ({ member, memberId, epoch, sequence, timeMs, heardMs, frozen }: AwayTree): AwayJson => ({
  member,
  memberId,
  epoch,
  sequence,
  time: new Date(timeMs).toISOString(),
  ...(heardMs === undefined ? {} : { heard: new Date(heardMs).toISOString() }),
  ...(frozen === undefined ? {} : { frozen }),
});

/** In one line. */
export function awayText({ member, epoch, sequence, timeMs, heardMs, frozen }: AwayTree): string {
  const heard = heardMs === undefined ? '' : `; last heard of ${shortTime(heardMs)}`;
  const alarm = frozen === undefined ? '' : ` Its log is frozen: ${frozen}.`;
  const known = `event ${epoch}-${sequence} of ${shortTime(timeMs)}${heard}`;
  return `${printable(member)} is away: read from what was known of its tree (${known}).${alarm}`;
}

/** What keeps a file from being read just now, in one line. */
export function waitText({ path, nodes, members, untilMonotonicMs }: ChunkWait, nowMonotonicMs: number): string {
  const who = [
    ...(nodes.length > 0 ? [`${nodes.map(printable).join(', ')} cannot be reached`] : []),
    ...(members.length > 0 ? [`${members.map(printable).join(', ')} ${members.length === 1 ? 'is' : 'are'} away`] : []),
  ];
  const why = who.length === 0 ? '' : `: ${who.join('; ')}`;
  const leftMs = Math.max(1, Math.ceil((untilMonotonicMs - nowMonotonicMs) / 1000)) * 1000;
  return `No copy of ${printable(path)} can be had now${why}. Waiting up to ${formatDuration(leftMs)} for one.`;
}

import { counted, formatDuration, formatSize, type MemberId } from '../../../base/index.js';
import type { StandingThere } from '../../../identity/index.js';
import type { HolderUsageRow, ViewHost } from '../../../projections/index.js';
import type { Finding } from '../../../transport/index.js';
import { connectionTo, type PeerReportParts } from '../report/peer-report.js';

/** Members that are admitted here and do not admit this one, by the word of their coordinators; and what of ours lies there. */
export async function refusedThere(parts: PeerReportParts, views: ViewHost, nowMs: number): Promise<readonly Finding[]> {
  const refusing = parts.rules.all().flatMap(([memberId, { name }]) => {
    const { there } = connectionTo(parts, memberId);
    return there === undefined ? [] : [{ memberId, name, there }];
  });
  if (refusing.length === 0) return [];
  const ours = await views.run(
    ({ usage }) => new Map<MemberId, HolderUsageRow>(refusing.map(({ memberId }) => [memberId, usage.member(memberId)])),
  );
  return refusing.map(({ memberId, name, there }) => refusalFinding({ name, there, ours: ours.get(memberId), nowMs }));
}

/** What people are told of it. */
export function refusalFinding({
  name,
  there,
  ours,
  nowMs,
}: {
  readonly name: string;
  readonly there: Pick<StandingThere, 'standing' | 'sinceMs'>;
  readonly ours: Pick<HolderUsageRow, 'chunks' | 'bytes'> | undefined;
  readonly nowMs: number;
}): Finding {
  const { standing, sinceMs } = there;
  const since = sinceMs === 0 || sinceMs > nowMs ? '' : `, for ${formatDuration(nowMs - sinceMs)}`;
  if (standing === 'applied') {
    return {
      code: 'not-approved-there',
      severity: 'notice',
      message: `${name} has not approved you yet${since}.`,
      next: `The people of ${name} do that with: collective member approve`,
    };
  }
  const lies =
    ours === undefined || ours.chunks === 0
      ? ''
      : ` ${counted(ours.chunks, 'chunk')} of yours (${formatSize(ours.bytes)}) ${ours.chunks === 1 ? 'lies' : 'lie'} there and cannot be had.`;
  return {
    code: 'not-admitted-there',
    severity: 'warning',
    message: `${name} does not admit you${standing === 'refused' ? '' : ' any more'}: you are ${standing} there${since}.${lies}`,
    next: `Talk with the people of ${name}. If it stays so: collective member remove ${name}, which has what lies there copied elsewhere first where it can`,
  };
}

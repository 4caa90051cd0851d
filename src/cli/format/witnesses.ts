import type { CollectiveClient } from '../../client/index.js';
import { formatTable } from './table.js';

type Summary = Awaited<ReturnType<CollectiveClient['witnesses']['list']>>;

/** What scripts get to see of who keeps the log. */
export const witnessesJson = (summary: Summary) => ({
  disks: summary.disks,
  required: summary.required,
  chosenBy: summary.byOperator ? 'operator' : 'coordinator',
  head: summary.headSequence,
  ...(summary.refusal === undefined
    ? {}
    : { readOnly: { code: summary.refusal.code, message: summary.refusal.message, next: summary.refusal.next } }),
  witnesses: summary.witnesses.map(({ nodeId, memberId, name, state, reason, sequence, disk }) => ({
    id: nodeId === '' ? memberId : nodeId,
    kind: nodeId === '' ? 'member' : 'node',
    name,
    state,
    ...(reason === '' ? {} : { reason }),
    upTo: sequence,
    lag: Math.max(0, summary.headSequence - sequence),
    disk,
  })),
  notices: summary.notices,
});

export type WitnessesJson = ReturnType<typeof witnessesJson>;

const DISKS: Readonly<Record<string, string>> = { own: "the coordinator's", other: 'its own', unknown: 'not known' };

/** For people. */
export function witnessesText({ witnesses, disks, required, head, readOnly, notices }: WitnessesJson): readonly string[] {
  const left = witnesses.filter(({ state }) => state !== 'gone').length;
  const counts = left === 0 ? '' : ` A change counts once ${Math.min(required, left)} of ${left} witnesses hold it too.`;
  const lines = [
    `The log stands at event ${head}, on ${disks} ${disks === 1 ? 'disk' : 'disks'}.${required === 0 ? '' : counts}`,
  ];
  if (witnesses.length === 0) lines.push('Nobody keeps it yet. Next: collective node invite; or: collective witness set MEMBER');
  else {
    const rows = witnesses.map(({ name, kind, state, upTo, lag, disk, reason }) => [
      kind === 'member' ? `member ${name}` : name,
      reason === undefined ? state : `${state}: ${reason}`,
      upTo === 0 ? '-' : `${upTo}${lag === 0 ? '' : ` (${lag} behind)`}`,
      DISKS[disk] ?? disk,
    ]);
    lines.push(formatTable([{ title: 'WHO' }, { title: 'STATE' }, { title: 'UP TO' }, { title: 'DISK' }], rows));
  }
  if (readOnly !== undefined) lines.push(readOnly.message, `Next: ${readOnly.next}`);
  return [...lines, ...notices];
}

import { formatDuration, formatSize, LIMITS, type MemberId } from '../../../base/index.js';
import type { Finding } from '../../../transport/index.js';
import { connectionTo, frozenText, isLongAway, type PeerReportParts } from './peer-report.js';
import type { StateMismatch } from '../telling/state-desk.js';

export interface FindingParts extends PeerReportParts {
  readonly nowMs: number;
  readonly mismatches: readonly StateMismatch[];
  /** Who was refused for having added too much to the own log. */
  readonly overBudget: readonly MemberId[];
}

const finding = (code: string, severity: Finding['severity'], message: string, next: string): Finding => ({
  code,
  severity,
  message,
  next,
});

/** What people should know of peers and their logs. */
export function peerFindings(parts: FindingParts): readonly Finding[] {
  const groups = [ownFork, frozenLogs, growing, overBudget, putAside, doubted, mismatched, refused, future, away];
  return groups.flatMap((group) => group(parts));
}

function ownFork({ memory, rules }: FindingParts): readonly Finding[] {
  return [...memory.contradicting].map((memberId) =>
    finding(
      'own-log-forked',
      'failure',
      `${nameOf(memberId, rules)} holds other signed blocks of your own log than this coordinator.`,
      'An old copy of this folder may have gone on. Keep both, and run: collective recover --help',
    ),
  );
}

function frozenLogs({ foreign, rules }: FindingParts): readonly Finding[] {
  return foreign.all().flatMap(({ frozen, origin, failure }) => {
    const name = nameOf(origin, rules);
    if (frozen !== undefined) {
      const message = `The log of ${name} is frozen here: ${frozenText(frozen)}. Everybody else goes on.`;
      const [code, next] = FROZEN[frozen.kind];
      return [finding(code, 'failure', message, next)];
    }
    if (failure === undefined) return [];
    const message = `The views of ${name} cannot be kept up: ${failure.message}`;
    return [finding('peer-views-failing', 'failure', message, failure.next ?? 'Check the disk of the coordinator.')];
  });
}

const RAISED = 'collective coordinator start --member-log-limit SIZE (it is kept for later starts)';
const FROZEN = {
  forked: ['log-forked', 'Its owner has to start a new epoch; until then what came after the last common event is not shown.'],
  invalid: ['log-invalid', 'Update Collective here, or tell its owner: collective peer list'],
  full: ['peer-log-full', `Nothing more of it is taken. Ask its owner why it grows; to take more: ${RAISED}`],
} as const;

/** Before a copy is frozen for its size. */
function growing({ foreign, rules }: FindingParts): readonly Finding[] {
  return foreign.all().flatMap(({ origin, size: { bytes, limitBytes, isFull } }) => {
    const percent = Math.floor((100 * bytes) / limitBytes);
    if (isFull || percent < LIMITS.memberLogAlarmPercent) return [];
    const message =
      `The copy of the log of ${nameOf(origin, rules)} takes ${formatSize(bytes)}, ${percent} % of what it may; ` +
      'beyond that nothing more of it is taken.';
    return [finding('peer-log-large', 'warning', message, `Let it take more: ${RAISED}`)];
  });
}

function overBudget({ overBudget: refusedMembers, rules }: FindingParts): readonly Finding[] {
  return refusedMembers.map((memberId) =>
    finding(
      'member-over-budget',
      'warning',
      `${nameOf(memberId, rules)} wanted to add more than ${formatSize(LIMITS.memberLogBytesADay)} a day to your log, ` +
        'and was refused some of it within the last day.',
      'It goes on by itself. Where nobody should do so much, see what was done: collective events list --last 100',
    ),
  );
}

function putAside({ foreign, rules }: FindingParts): readonly Finding[] {
  return [...foreign.putAside].map(([origin, why]) =>
    finding(
      'peer-log-damaged',
      'warning',
      `The copy of the log of ${nameOf(origin, rules)} was damaged here; it was put aside and is fetched anew: ${why}`,
      'Check the disk of the coordinator. The copy that was put aside lies beside the others and may be removed.',
    ),
  );
}

function doubted({ memory, rules, nowMs }: FindingParts): readonly Finding[] {
  return [...memory.doubted]
    .filter(([, timeMs]) => nowMs - timeMs < LIMITS.auditIntervalMs)
    .map(([origin, timeMs]) =>
      finding(
        'peer-views-damaged',
        'warning',
        `The view database was damaged ${formatDuration(Math.max(0, nowMs - timeMs))} ago in what it holds of the log of ` +
          `${nameOf(origin, rules)}; that was made anew from the copy of the log.`,
        'Check the disk of the coordinator: collective audit verify',
      ),
    );
}

function mismatched({ mismatches, rules }: FindingParts): readonly Finding[] {
  return mismatches.map(({ origin, memberId, sequence, views }) =>
    finding(
      'state-hash-mismatch',
      'failure',
      `At event ${sequence} of the log of ${nameOf(origin, rules)}, ${views.join(', ')} differ between here and ${nameOf(memberId, rules)}.`,
      'One of both computes it wrongly or has a damaged database: collective audit verify, here and there',
    ),
  );
}

function refused({ memory, rules, nowMs }: FindingParts): readonly Finding[] {
  return memory.refusals
    .filter(({ timeMs }) => nowMs - timeMs < LIMITS.auditIntervalMs)
    .map(({ memberId, origin, error, timeMs }) =>
      finding(
        'peer-bad-block',
        'warning',
        `${nameOf(memberId, rules)} gave a block of the log of ${nameOf(origin, rules)} that was refused, ` +
          `${formatDuration(Math.max(0, nowMs - timeMs))} ago: ${error.message}`,
        'Nothing of it was applied. If it goes on, tell that member, or suspend it: collective member suspend --help',
      ),
    );
}

function future({ foreign, rules, nowMs }: FindingParts): readonly Finding[] {
  return foreign.all().flatMap(({ origin, headTimeMs }) => {
    const aheadMs = headTimeMs - nowMs;
    if (aheadMs <= LIMITS.peerFutureMs) return [];
    const message = `The log of ${nameOf(origin, rules)} has events from ${formatDuration(aheadMs)} in the future; they are kept.`;
    return [finding('peer-clock-ahead', 'warning', message, 'Set the clock right, there or here.')];
  });
}

function away(parts: FindingParts): readonly Finding[] {
  const { rules, memory, nowMs } = parts;
  return rules.all().flatMap(([memberId, { name }]) => {
    if (connectionTo(parts, memberId).connection !== 'away') return [];
    const sinceMs = memory.of(memberId).awaySinceMs;
    if (!isLongAway(sinceMs, nowMs)) return [];
    const message = `The coordinator of ${name} is away for ${formatDuration(nowMs - sinceMs)}.`;
    return [finding('peer-away', 'notice', message, 'It is dialled again and again: collective peer list')];
  });
}

const nameOf = (memberId: MemberId, rules: FindingParts['rules']): string => rules.row(memberId)?.name ?? memberId.slice(0, 8);

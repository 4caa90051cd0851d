import { counted } from '../../base/index.js';
import type { Finding } from '../../transport/index.js';
import type { WitnessFacts, WitnessReport } from './witness-report.js';

type Severity = 'notice' | 'warning' | 'failure';
const finding = (code: string, severity: Severity, message: string, next: string): Finding => ({ code, severity, message, next });

const SEE = 'See who keeps the log: collective witness list';

/** What is not as it should be with the copies of the log. */
export function witnessFindings(report: WitnessReport): readonly Finding[] {
  const { refusal, witnesses, disks, membersHolding, notices } = report;
  return [
    ...(refusal === undefined ? [] : [refused(refusal)]),
    ...witnesses.flatMap(witnessFinding),
    ...(disks > 1 ? [] : [onOneDisk(witnesses, membersHolding)]),
    ...notices.map((notice) => finding('log-copies', 'notice', notice, SEE)),
  ];
}

function refused({ code, message, next, mayPass }: NonNullable<WitnessReport['refusal']>): Finding {
  const what = code === 'LOG_READ_ONLY' ? 'log-read-only' : 'too-few-witnesses';
  return finding(what, mayPass ? 'warning' : 'failure', message, next);
}

function onOneDisk(witnesses: readonly WitnessFacts[], membersHolding: number): Finding {
  const message =
    membersHolding > 0
      ? `With the coordinator's disk, the newest changes are lost: ${counted(membersHolding, 'other member')} ${membersHolding === 1 ? 'has' : 'have'} a copy of the log, and no change waits for it.`
      : witnesses.length === 0
        ? "The log is kept in the coordinator's folder only: with that disk, everything is lost."
        : "All copies of the log that are here lie on the coordinator's own disk: with that disk, everything is lost.";
  return finding(
    'log-on-one-disk',
    'warning',
    message,
    'Add a node on another disk, which then keeps the log too: collective node invite; or have another member keep it: collective witness set MEMBER',
  );
}

function witnessFinding({ name, memberId, state, reason, sequence }: WitnessFacts): readonly Finding[] {
  const [who, show] =
    memberId === '' ? [`node ${name}`, `collective node show ${name}`] : [`member ${name}`, `collective member show ${name}`];
  const Who = `${who.slice(0, 1).toUpperCase()}${who.slice(1)}`;
  const why = reason === '' ? '' : `: ${reason.replace(/\.$/, '')}`;
  switch (state) {
    case 'silent':
      return [finding('witness-silent', 'warning', `${Who} does not answer for its copy of the log.`, `See to it: ${show}`)];
    case 'failing':
      return [finding('witness-failing', 'warning', `${Who} does not keep the log${why}.`, `See to its disk: ${show}`)];
    case 'parted':
      return [
        finding(
          'witness-parted',
          'failure',
          `The copy of the log at ${who} is not of this log after event ${sequence}${why}.`,
          SEE,
        ),
      ];
    case 'ahead':
      return [
        finding(
          'log-behind-copies',
          'warning',
          `${Who} has the log up to event ${sequence}, further than the disk of this coordinator.`,
          SEE,
        ),
      ];
    case 'gone':
      return [
        finding(
          'witness-gone',
          'warning',
          `${Who} is revoked, suspended or removed, and does not keep the log any more; no other could be named in its place yet.`,
          'Name those that keep it: collective witness set NAMES; if those before are lost for good, with --lost',
        ),
      ];
    default:
      return [];
  }
}

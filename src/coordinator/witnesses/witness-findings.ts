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
    ...goneFinding(witnesses.filter(({ state }) => state === 'gone')),
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

/** All of them together: what is to be done about them is one thing. */
function goneFinding(gone: readonly WitnessFacts[]): readonly Finding[] {
  const [first] = gone;
  if (first === undefined) return [];
  const named = gone.map((each) => `${whoIs(each)} (${each.reason})`);
  const [does, whose] = gone.length === 1 ? ['does', 'its'] : ['do', 'their'];
  const message = `${capitalised(named.join(', '))} ${does} not keep the log any more; nobody could be named in ${whose} place yet.`;
  const suspended = gone.some(({ reason }) => reason === 'suspended');
  return [
    finding(
      'witness-gone',
      'warning',
      message,
      `Name those that keep it: collective witness set NAMES; if those before are lost for good, with --lost${suspended ? '; or: collective member reinstate NAME' : ''}`,
    ),
  ];
}

const whoIs = ({ name, memberId }: WitnessFacts): string => (memberId === '' ? `node ${name}` : `member ${name}`);

const capitalised = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

function witnessFinding(facts: WitnessFacts): readonly Finding[] {
  const { name, memberId, state, reason, sequence } = facts;
  const who = whoIs(facts);
  const show = memberId === '' ? `collective node show ${name}` : `collective member show ${name}`;
  const Who = capitalised(who);
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
    default:
      return [];
  }
}

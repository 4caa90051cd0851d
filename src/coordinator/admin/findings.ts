import { counted, formatDuration } from '../../base/index.js';
import { type MemberRoom, type PolicyPlace, shortfallOf } from '../../domain/index.js';
import type { Finding, NodeInfo, UsageInfo } from '../../transport/index.js';
import { holdersNow, protectionFindings } from './protection-findings.js';
import { exportFindings, type ExportState } from './export-findings.js';
import { witnessFindings } from '../witnesses/witness-findings.js';
import type { WitnessReport } from '../witnesses/witness-report.js';

/** Of its life: a certificate that has no more than this left should have been renewed a while ago. */
const EXPIRY_WARNING_SHARE = 7 / 30;
const FULL_PERCENT = 95;
const POLICIES_SHOWN = 4;

export interface Situation {
  readonly nodes: readonly NodeInfo[];
  readonly usage: UsageInfo;
  /** Copies that do not count any more, since their nodes were revoked or removed. */
  readonly forfeited: readonly ForfeitedCopies[];
  /** Files with enough copies on record, too few of them at nodes that are here. */
  readonly filesOutOfReach: number;
  /** Files with a chunk of which nobody keeps a copy any more. */
  readonly lostFiles: number;
  /** The one for what no folder says anything about first. */
  readonly policies: readonly PolicyPlace[];
  /** All that are admitted. */
  readonly members: readonly MemberRoom[];
  readonly nowMs: number;
  readonly coordinatorCertificateExpiresMs: number | undefined;
  readonly certificateLifeMs: number;
  readonly startNotices: readonly string[];
  readonly witnesses: WitnessReport;
  readonly exported: ExportState;
  /** Damage was found in the view database. */
  readonly viewsDoubtful: boolean;
  /** What the verification beside the service found. */
  readonly audit: readonly Finding[];
  /** Of other members, their coordinators and their logs. */
  readonly federation: readonly Finding[];
}

/** What was at a node that is gone for good. */
export interface ForfeitedCopies {
  readonly node: string;
  readonly how: 'revoked' | 'removed';
  readonly copies: number;
}

type Severity = 'notice' | 'warning' | 'failure';
const finding = (code: string, severity: Severity, message: string, next: string): Finding => ({ code, severity, message, next });

/** Everything that is not as it should be: what, why, and the next command to run. The gravest first. */
export function findingsOf(situation: Situation): readonly Finding[] {
  const found = [
    ...situation.nodes.flatMap((node) => nodeFindings(node, situation)),
    ...policyFindings(situation),
    ...protectionFindings(situation),
    ...expiring({
      what: "The coordinator's certificate",
      expiresMs: situation.coordinatorCertificateExpiresMs,
      nowMs: situation.nowMs,
      lifeMs: situation.certificateLifeMs,
      next: 'It renews itself: read the log of the coordinator, which says what keeps it from that.',
    }),
    ...(situation.viewsDoubtful
      ? [
          finding(
            'views-damaged',
            'failure',
            'The view database is damaged; it is being rebuilt from the log.',
            'Wait for it: collective status',
          ),
        ]
      : []),
    ...situation.audit,
    ...situation.federation,
    ...situation.startNotices.map((notice) => finding('mended-at-start', 'notice', notice, 'collective audit verify')),
    ...witnessFindings(situation.witnesses),
    ...exportFindings(situation.exported),
  ];
  const rank: Readonly<Record<string, number>> = { failure: 0, warning: 1, notice: 2 };
  return found.sort((left, right) => (rank[left.severity] ?? 0) - (rank[right.severity] ?? 0));
}

export function healthOf(findings: readonly Finding[]): 'healthy' | 'degraded' | 'failed' {
  if (findings.some(({ severity }) => severity === 'failure')) return 'failed';
  return findings.some(({ severity }) => severity === 'warning') ? 'degraded' : 'healthy';
}

function nodeFindings(node: NodeInfo, { nowMs, certificateLifeMs }: Situation): readonly Finding[] {
  if (node.state === 'revoked') return [revokedFinding(node)];
  return [
    ...presenceFindings(node, nowMs),
    ...storeFindings(node),
    ...expiring({
      what: `The certificate of node ${node.name}`,
      expiresMs: node.certificateExpiresMs,
      nowMs,
      lifeMs: certificateLifeMs,
      next: `It renews itself when it is here: collective node show ${node.name}; else compare the clocks, and read its log.`,
    }),
  ];
}

function revokedFinding({ name, chunks }: NodeInfo): Finding {
  const copies =
    chunks === 0
      ? 'None of its copies count any more'
      : `${counted(chunks, 'copy', 'copies')} of it are being taken off the record`;
  return finding('node-revoked', 'notice', `Node ${name} is revoked. ${copies}.`, `Forget it: collective node remove ${name}`);
}

function presenceFindings(node: NodeInfo, nowMs: number): readonly Finding[] {
  const ago = node.lastSeenMs === 0 ? '' : ` for ${formatDuration(nowMs - node.lastSeenMs)}`;
  switch (node.state) {
    case 'unreachable':
      return [
        finding(
          'node-unreachable',
          'warning',
          `Node ${node.name} has not been here${ago}.`,
          `Start it on its machine: collective node start --path DIR. If it is lost for good: collective node revoke ${node.name}`,
        ),
      ];
    case 'suspect':
      return [
        finding(
          'node-suspect',
          'warning',
          `Node ${node.name} has been silent${ago}.`,
          `See whether its machine and network are well: collective node show ${node.name}`,
        ),
      ];
    case 'never-seen':
      return [
        finding(
          'node-never-seen',
          'notice',
          `Node ${node.name} has joined and was never started.`,
          'Start it on its machine: collective node start --path DIR',
        ),
      ];
    default:
      return [];
  }
}

function storeFindings(node: NodeInfo): readonly Finding[] {
  const reason = node.storeReason === '' ? '' : `: ${node.storeReason.replace(/\.$/, '')}`;
  if (node.storeState === 'read-only') {
    return [
      finding(
        'store-read-only',
        'warning',
        `The store of node ${node.name} takes nothing new${reason}.`,
        `See to its disk; the node tries it again by itself, and takes chunks once it works: collective node show ${node.name}`,
      ),
    ];
  }
  if (node.storeState === 'full') {
    return [
      finding(
        'store-full',
        'warning',
        `Node ${node.name} is full${reason}.`,
        'Make room on its disk, or add a node: collective node invite',
      ),
    ];
  }
  const percent = node.capacityBytes === 0 ? 0 : (100 * node.usedBytes) / node.capacityBytes;
  if (percent < FULL_PERCENT) return [];
  return [
    finding(
      'node-almost-full',
      'warning',
      `Node ${node.name} is ${Math.floor(percent)} % full.`,
      'Add a node: collective node invite',
    ),
  ];
}

/** What is put now and cannot be kept as its folder's policy asks. */
function policyFindings({ nodes, members, policies }: Situation): readonly Finding[] {
  const holders = holdersNow(nodes, members);
  const found = policies.map((policy) => shortfallOf(policy, holders)).filter((each) => each !== undefined);
  if (found.length <= POLICIES_SHOWN) return found;
  const more = `${counted(found.length - POLICIES_SHOWN, 'more folder')} cannot be served as their policies ask.`;
  return [...found.slice(0, POLICIES_SHOWN), finding('policies-unmet', 'notice', more, 'See all: collective policy list')];
}

function expiring(certificate: {
  readonly what: string;
  readonly expiresMs: number | undefined;
  readonly nowMs: number;
  readonly next: string;
  readonly lifeMs: number;
}): readonly Finding[] {
  const { what, expiresMs, nowMs, next, lifeMs } = certificate;
  if (expiresMs === undefined || expiresMs === 0 || expiresMs - nowMs > lifeMs * EXPIRY_WARNING_SHARE) return [];
  const expired = expiresMs <= nowMs;
  const when = expired ? `expired ${formatDuration(nowMs - expiresMs)} ago` : `expires in ${formatDuration(expiresMs - nowMs)}`;
  return [finding('certificate-expiring', expired ? 'failure' : 'warning', `${what} ${when}.`, next)];
}

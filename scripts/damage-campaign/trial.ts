import { basename } from 'node:path';
import { contentOf } from '../../test/support/e2e/index.js';
import { complaintOf, type Complaint } from './complaint.js';
import type { Tree } from './fixture.js';
import type { Fault } from './plan.js';
import { treeOf } from './tree.js';

export interface ReadReport {
  readonly failures: readonly Complaint[];
  readonly error: Complaint | undefined;
}

/** A member's processes over damaged data. */
export interface Member {
  /** Starts what can be started; why the rest did not. */
  start(): Promise<readonly Complaint[]>;
  /** Fetches the whole tree into a new folder. */
  readAll(target: string, signal: AbortSignal): Promise<ReadReport>;
  write(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<Complaint | undefined>;
  /** What `status` finds. */
  findings(signal: AbortSignal): Promise<readonly string[]>;
  /** What `audit verify` and `audit replay` find. */
  auditFindings(signal: AbortSignal): Promise<readonly string[]>;
  /** Why the coordinator had to end, if it had. */
  readonly failed: Complaint | undefined;
  stop(): Promise<void>;
}

export const OUTCOMES = ['harmless', 'noticed', 'mended', 'partly', 'refused', 'unclear', 'wrong', 'hung', 'died'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Verdict {
  readonly outcome: Outcome;
  readonly complaints: readonly Complaint[];
  readonly findings: readonly string[];
  /** What was wrong and not said. */
  readonly wrong: readonly string[];
}

const TRIAL_WITHIN_MS = 90_000;
/** There is always one node's data whose loss or age changes nothing here. */
const EVER_PRESENT = /^(log-on-one-disk|identity-not-exported|keys-not-exported|witness)/;
const MENDED = /^(mended-at-start|views-rebuilt|log-mended)/;

/** Starts everything, reads everything back, writes something, audits, and judges. */
export async function judge(member: Member, faults: readonly Fault[], oracle: Tree, target: string): Promise<Verdict> {
  const signal = AbortSignal.timeout(TRIAL_WITHIN_MS);
  const complaints: Complaint[] = [...(await member.start())];
  const without = complaints.filter(({ who }) => who === 'coordinator' || who === 'client');
  if (without.length > 0) return verdict(faults, complaints, [], [], 'refused');
  const read = await member.readAll(target, signal);
  complaints.push(...read.failures, ...(read.error === undefined ? [] : [read.error]));
  if (read.error !== undefined) return verdict(faults, complaints, [], [], signal.aborted ? 'hung' : 'refused');
  const wrong = differences(oracle, await treeOf(target), read.failures);
  const written = await member.write('/written afterwards', contentOf('afterwards', 100_000), signal);
  if (written !== undefined) complaints.push(written);
  const findings = await findingsOf(member, signal, complaints);
  if (member.failed !== undefined) complaints.push(member.failed);
  if (signal.aborted) return verdict(faults, complaints, findings, wrong, 'hung');
  return verdict(faults, complaints, findings, wrong, 'partly');
}

async function findingsOf(member: Member, signal: AbortSignal, complaints: Complaint[]): Promise<readonly string[]> {
  try {
    const audited = await member.auditFindings(signal);
    return [...audited, ...(await member.findings(signal))].filter((finding) => !EVER_PRESENT.test(finding));
  } catch (error) {
    complaints.push(await complaintOf('client', error));
    return [];
  }
}

function verdict(
  faults: readonly Fault[],
  complaints: readonly Complaint[],
  findings: readonly string[],
  wrong: readonly string[],
  withComplaints: Outcome,
): Verdict {
  const result = (outcome: Outcome): Verdict => ({ outcome, complaints, findings, wrong });
  if (wrong.length > 0) return result('wrong');
  if (withComplaints === 'hung') return result('hung');
  if (complaints.some((complaint) => !isClear(complaint, faults))) return result('unclear');
  if (complaints.length > 0) return result(withComplaints);
  if (findings.some((finding) => MENDED.test(finding))) return result('mended');
  return result(findings.length > 0 ? 'noticed' : 'harmless');
}

/** What no file of the disk can be named for: other machines see only that somebody does not answer, or does not fit. */
const OF_OTHERS: ReadonlySet<string> = new Set([
  'UNAVAILABLE',
  'CHUNK_UNAVAILABLE',
  'NOT_ENOUGH_NODES',
  'UNAUTHENTICATED',
  'LOG_READ_ONLY',
  'WITNESSES_UNREACHABLE',
]);

/** An error of the process whose data are damaged names the file; one of another process has a code that says what is missing. */
function isClear({ who, code, text, path }: Complaint, faults: readonly Fault[]): boolean {
  if (code === 'INTERNAL') return false;
  if (path !== undefined) return true;
  if (faults.some((fault) => text.includes(basename(fault.path)) || namedOtherwise(fault, text))) return true;
  return who === 'client' && OF_OTHERS.has(code);
}

const namedOtherwise = ({ kind, what }: Fault, text: string): boolean =>
  (kind.startsWith('views') && text.includes('/views')) ||
  // Exchanged with another file, which may be the one that is refused.
  (/(?:exchanged|overwritten) with (\S+)/.exec(what)?.[1] ?? '')
    .split('/')
    .some((part) => part.length >= 'FORMAT'.length && text.includes(part));

/** What is there and should not be, missing without a word, or has another content. */
function differences(oracle: Tree, found: Tree, failures: readonly Complaint[]): readonly string[] {
  const said = failures.map(({ path = '' }) => path);
  const excused = (path: string): boolean => said.some((failed) => path === failed || path.startsWith(`${failed}/`));
  const wrong: string[] = [];
  for (const [path, content] of Object.entries(oracle)) {
    const now = found[path];
    if (now === undefined && !excused(path)) wrong.push(`${path} is missing, and nothing was said`);
    else if (now !== undefined && now !== content) wrong.push(`${path} has another content`);
  }
  for (const path of Object.keys(found)) if (oracle[path] === undefined) wrong.push(`${path} is there, and was never stored`);
  return wrong;
}

import { counted } from '../../base/index.js';
import type { PolicyInfo } from '../../client/index.js';
import { type FindingJson, findingJson } from './status.js';
import { formatTable } from './table.js';

export interface PolicyJson {
  /** Null: the settings of the coordinator. */
  readonly path: string | null;
  readonly copies: number;
  readonly minimumCopies: number;
  readonly spread: string;
}

export const policyJson = ({ path, copies, minimumCopies, spread }: PolicyInfo): PolicyJson => ({
  path: path === '' ? null : path,
  copies,
  minimumCopies,
  spread,
});

export interface PolicyChangeJson {
  readonly policy: PolicyJson;
  /** Files there with fewer copies than it asks for. */
  readonly filesBelow: number;
  /** There are too many files to look at all of them. */
  readonly moreBelow: boolean;
  /** What keeps it from being met by what is put now. */
  readonly findings: readonly FindingJson[];
}

export const policyChangeJson = (answer: {
  readonly policy: PolicyInfo;
  readonly findings: readonly FindingJson[];
  readonly filesBelow?: number | undefined;
  readonly moreBelow?: boolean | undefined;
}): PolicyChangeJson => ({
  policy: policyJson(answer.policy),
  filesBelow: answer.filesBelow ?? 0,
  moreBelow: answer.moreBelow ?? false,
  findings: answer.findings.map(findingJson),
});

/** Empty: nothing that is there has too few copies for it. */
export function filesBelowText({ policy, filesBelow, moreBelow }: PolicyChangeJson): string {
  if (filesBelow === 0) return '';
  const have = filesBelow === 1 && !moreBelow ? 'has' : 'have';
  const they = filesBelow === 1 && !moreBelow ? 'it keeps what it has until it is' : 'they keep what they have until they are';
  const files = `${moreBelow ? 'At least ' : ''}${counted(filesBelow, 'file')}`;
  return `${files} there ${have} fewer than ${counted(policy.copies, 'copy', 'copies')}: ${they} put again.`;
}

/** `3 copies, spread over members; 2 are enough for now`. */
export function policyText({ copies, minimumCopies, spread }: PolicyJson): string {
  const where = spread === 'members' ? 'spread over members, yourself among them' : 'on nodes of yours';
  const enough = minimumCopies < copies ? `; ${minimumCopies} ${minimumCopies === 1 ? 'is' : 'are'} enough for now` : '';
  return `${counted(copies, 'copy', 'copies')}, ${where}${enough}`;
}

export function policyTable(policies: readonly PolicyJson[]): string {
  return formatTable(
    [{ title: 'PATH' }, { title: 'COPIES', align: 'right' }, { title: 'ENOUGH', align: 'right' }, { title: 'SPREAD' }],
    policies.map(({ path, copies, minimumCopies, spread }) => [path ?? '(elsewhere)', `${copies}`, `${minimumCopies}`, spread]),
  );
}

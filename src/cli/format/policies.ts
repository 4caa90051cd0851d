import { counted } from '../../base/index.js';
import type { PolicyInfo } from '../../client/index.js';
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

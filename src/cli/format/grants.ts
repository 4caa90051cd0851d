import type { GrantInfo } from '../../client/index.js';
import { shortTime } from './entries.js';
import { printable } from './printable.js';
import { formatTable } from './table.js';

export interface GrantJson {
  readonly id: string;
  /** Null: the folder was removed. */
  readonly path: string | null;
  /** Of a folder that was removed: where it was. */
  readonly formerPath?: string;
  readonly folder: string;
  /** Whose folder it is. */
  readonly owner: { readonly id: string; readonly name: string };
  readonly member: { readonly id: string; readonly name: string };
  readonly rights: readonly string[];
  readonly given: string;
  /** Null: until it is removed. */
  readonly until: string | null;
  /** holds, expired, member-suspended, member-removed, folder-removed */
  readonly state: string;
}

export const grantJson = (grant: GrantInfo): GrantJson => ({
  id: grant.grantId,
  path: grant.path === '' ? null : grant.path,
  ...(grant.formerPath === undefined ? {} : { formerPath: grant.formerPath }),
  folder: grant.directoryId,
  owner: { id: grant.ownerId ?? '', name: grant.ownerName ?? '' },
  member: { id: grant.memberId, name: grant.memberName },
  rights: grant.rights,
  given: new Date(grant.givenMs).toISOString(),
  until: grant.untilMs === 0 ? null : new Date(grant.untilMs).toISOString(),
  state: grant.state,
});

const pathText = ({ path, formerPath }: GrantJson, tree = ''): string =>
  path !== null ? `${tree}${path}` : formerPath === undefined ? `${tree}(removed)` : `${tree}${formerPath} (removed)`;

export const untilText = ({ until }: GrantJson): string => (until === null ? 'no end' : shortTime(Date.parse(until)));

/** Of folders of other members: with whose they are, as paths are written. */
export function receivedTable(grants: readonly GrantJson[]): string {
  return formatTable(
    ['GRANT', 'RIGHTS', 'PATH', 'UNTIL', 'STATE'].map((title) => ({ title })),
    grants.map((grant) => [
      grant.id,
      grant.rights.join(','),
      printable(pathText(grant, `${grant.owner.name}:`)),
      untilText(grant),
      grant.state,
    ]),
  );
}

export function grantTable(grants: readonly GrantJson[]): string {
  return formatTable(
    ['GRANT', 'MEMBER', 'RIGHTS', 'PATH', 'UNTIL', 'STATE'].map((title) => ({ title })),
    grants.map((grant) => [
      grant.id,
      grant.member.name,
      grant.rights.join(','),
      printable(pathText(grant)),
      untilText(grant),
      grant.state,
    ]),
  );
}

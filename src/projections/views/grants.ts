import { grantIdAt, LIMITS, type FileId, type GrantId, type MemberId } from '../../base/index.js';
import type { GrantRight } from '../../events/index.js';
import { list, oneOf, record, text, unsigned } from '../rows/fields.js';
import { grantIdPart, pair, shortTextPart, single } from '../rows/keys.js';
import type { Bind, TableDefinition, ViewInfo } from '../rows/table.js';
import { countTable } from './count.js';
import { fileId, present } from './fields.js';
import type { NamespaceReader } from './namespace/reader.js';
import type { PeersReader } from './peers.js';
import { refuse, type View } from './view.js';

/** What a member may do with a directory and all that is below it. Whether it holds now is for deciders to say. */
export interface GrantRow {
  readonly directoryId: FileId;
  readonly memberId: MemberId;
  readonly rights: readonly GrantRight[];
  /** 0: without an end. */
  readonly untilMs: number;
  readonly givenMs: number;
}

/** Grants that were not withdrawn; those that have ended are among them. */
export interface GrantsReader {
  get(id: GrantId): GrantRow | undefined;
  /** In the order they were given. */
  ofMember(memberId: MemberId): readonly (readonly [GrantId, GrantRow])[];
  /** At most LIMITS.grants, in the order they were given. */
  all(): readonly (readonly [GrantId, GrantRow])[];
}

const INFO: ViewInfo = { name: 'grants', id: 14, version: 1, derived: true };

const GRANTS: TableDefinition<GrantId, GrantRow> = {
  view: INFO,
  name: 'grants',
  id: 1,
  key: single(grantIdPart),
  resident: true,
  row: record<GrantRow>({
    directoryId: fileId,
    memberId: text<MemberId>(),
    rights: list(oneOf<GrantRight>('read', 'write')),
    untilMs: unsigned,
    givenMs: unsigned,
  }),
};

const MEMBER_PART = shortTextPart<MemberId>();

const MEMBERS: TableDefinition<readonly [MemberId, GrantId], true> = {
  view: INFO,
  name: 'members',
  id: 2,
  key: pair(MEMBER_PART, grantIdPart),
  resident: true,
  row: present,
};

export function grantsView(
  bind: Bind,
  others: { readonly peers: PeersReader; readonly namespace: NamespaceReader },
): View<GrantsReader> {
  const grants = bind(GRANTS);
  const members = bind(MEMBERS);
  const count = countTable(bind, INFO, 3);
  return {
    info: INFO,
    read: {
      get: (id) => grants.get(id),
      all: () => grants.page({ prefix: '', limit: LIMITS.grants }).rows,
      ofMember(memberId) {
        const { rows } = members.page({ prefix: MEMBER_PART.encode(memberId), limit: LIMITS.grants });
        return rows.map(([[, id]]) => [id, grants.get(id) ?? refuse('a grant is listed and is not there')] as const);
      },
    },
    apply(event, { position, timeMs }) {
      switch (event.type) {
        case 'GrantGiven': {
          const { directoryId, memberId, rights, untilMs } = event;
          if (others.peers.get(memberId) === undefined) refuse('the member is not known');
          if (others.namespace.file(directoryId)?.kind !== 'directory') refuse('a grant is for a directory');
          if (count.get() >= LIMITS.grants) refuse('more grants than there may be');
          count.change(1);
          const id = grantIdAt(position);
          grants.put(id, { directoryId, memberId, rights, untilMs, givenMs: timeMs });
          members.put([memberId, id], true);
          return;
        }
        case 'GrantWithdrawn': {
          const { memberId } = grants.get(event.grantId) ?? refuse('the grant is not known');
          count.change(-1);
          grants.remove(event.grantId);
          members.remove([memberId, event.grantId]);
          return;
        }
        default:
      }
    },
  };
}

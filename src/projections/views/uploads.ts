import type { ClientId, ExtentListId, MemberId, UploadId } from '../../base/index.js';
import type { Actor, Spread } from '../../events/index.js';
import { oneOf, record, text, unsigned } from '../rows/fields.js';
import { numberPart, pair, shortTextPart, single } from '../rows/keys.js';
import type { Bind, Page, TableDefinition, ViewInfo } from '../rows/table.js';
import { listKey, present } from './fields.js';
import { refuse, type View } from './view.js';

export interface UploadRow {
  readonly clientId: ClientId;
  /** Whose client that is; the id is an alias then that no other client has. Empty: the own member's. */
  readonly memberId: MemberId | '';
  readonly copies: number;
  /** How many of these have to exist before a commit. 0: what the coordinator's setting says. */
  readonly minimumCopies: number;
  readonly spread: Spread;
  readonly openedMs: number;
  readonly expiresAtMs: number;
  readonly state: 'open' | 'completed' | 'abandoned';
}

export interface UploadsReader {
  get(id: UploadId): UploadRow | undefined;
  /** Whether the list was recorded under this upload. */
  recorded(id: UploadId, listId: ExtentListId): boolean;
  needRecorded(id: UploadId, listIds: readonly ExtentListId[]): void;
  openCount(clientId: ClientId): number;
  /** Open uploads, the one that expires first before the others. */
  open(limit: number): Page<readonly [expiresAtMs: number, id: UploadId], true>;
}

interface ClientRow {
  readonly openUploads: number;
}

const INFO: ViewInfo = { name: 'uploads', id: 7, version: 3, derived: true };

const UPLOADS: TableDefinition<UploadId, UploadRow> = {
  view: INFO,
  name: 'uploads',
  id: 1,
  key: single(shortTextPart<UploadId>()),
  row: record<UploadRow>({
    clientId: text<ClientId>(),
    memberId: text<MemberId | ''>(),
    copies: unsigned,
    minimumCopies: unsigned,
    spread: oneOf<Spread>('nodes', 'members'),
    openedMs: unsigned,
    expiresAtMs: unsigned,
    state: oneOf<UploadRow['state']>('open', 'completed', 'abandoned'),
  }),
};

const LISTS: TableDefinition<readonly [UploadId, ExtentListId], true> = {
  view: INFO,
  name: 'lists',
  id: 2,
  key: pair(shortTextPart<UploadId>(), listKey),
  row: present,
};

const CLIENTS: TableDefinition<ClientId, ClientRow> = {
  view: INFO,
  name: 'clients',
  id: 3,
  key: single(shortTextPart<ClientId>()),
  row: record<ClientRow>({ openUploads: unsigned }),
};

const OPEN: TableDefinition<readonly [number, UploadId], true> = {
  view: INFO,
  name: 'open',
  id: 4,
  key: pair(numberPart, shortTextPart<UploadId>()),
  row: present,
};

export function uploadsView(bind: Bind): View<UploadsReader> {
  const uploads = bind(UPLOADS);
  const lists = bind(LISTS);
  const clients = bind(CLIENTS);
  const open = bind(OPEN);
  const openCount = (id: ClientId): number => clients.get(id)?.openUploads ?? 0;
  const close = (id: UploadId, state: UploadRow['state']): void => {
    const row = uploads.get(id) ?? refuse('the upload was never opened');
    if (row.state !== 'open') refuse('the upload is closed');
    uploads.put(id, { ...row, state });
    open.remove([row.expiresAtMs, id]);
    clients.put(row.clientId, { openUploads: openCount(row.clientId) - 1 });
  };
  return {
    info: INFO,
    read: {
      get: (id) => uploads.get(id),
      recorded: (id, listId) => lists.get([id, listId]) === true,
      needRecorded: (id, listIds) => lists.need(listIds.map((listId) => [id, listId] as const)),
      openCount,
      open: (limit) => open.page({ prefix: '', limit }),
    },
    apply(event, facts) {
      switch (event.type) {
        case 'UploadOpened': {
          if (uploads.get(event.uploadId) !== undefined) refuse('the upload was opened before');
          const { clientId, copies, expiresAtMs, minimumCopies, spread } = event;
          const memberId = memberOf(facts.actor);
          const wanted = { copies, minimumCopies, spread };
          uploads.put(event.uploadId, { clientId, memberId, ...wanted, openedMs: facts.timeMs, expiresAtMs, state: 'open' });
          open.put([expiresAtMs, event.uploadId], true);
          clients.put(clientId, { openUploads: openCount(clientId) + 1 });
          return;
        }
        case 'ExtentsRecorded':
          if (uploads.get(event.uploadId) === undefined) refuse('the upload was never opened');
          lists.put([event.uploadId, event.extentListId], true);
          return;
        case 'UploadCompleted':
          close(event.uploadId, 'completed');
          return;
        case 'UploadAbandoned':
          close(event.uploadId, 'abandoned');
          return;
        default:
      }
    },
  };
}

/** Of an actor; empty for the own member. */
function memberOf(actor: Actor): MemberId | '' {
  const [role, memberId] = actor.split('/');
  return role === 'member' && memberId !== undefined ? (memberId as MemberId) : '';
}

import type { InviteId } from '../../base/index.js';
import type { InviteIssued } from '../../events/index.js';
import { bytes, flag, oneOf, record, text, unsigned } from '../rows/fields.js';
import { numberPart, pair, shortTextPart, single } from '../rows/keys.js';
import type { Bind, Page, TableDefinition, ViewInfo } from '../rows/table.js';
import { present } from './fields.js';
import { refuse, type View } from './view.js';

export interface InviteRow {
  readonly kind: InviteIssued['kind'];
  /** Empty: the joiner's choice. */
  readonly name: string;
  readonly secretHash: Uint8Array;
  readonly issuedMs: number;
  readonly expiresAtMs: number;
  /** A member who redeems it is admitted at once. */
  readonly approved: boolean;
  readonly state: 'open' | 'redeemed' | 'revoked';
  /** Of the certificate it was redeemed for; empty before. */
  readonly fingerprint: Uint8Array;
}

export interface InvitesReader {
  get(id: InviteId): InviteRow | undefined;
  /** Ids of invites that are neither redeemed nor revoked and expire after `nowMs`, soonest first. */
  open(nowMs: number, limit: number): Page<readonly [expiresAtMs: number, id: InviteId], true>;
}

const INFO: ViewInfo = { name: 'invites', id: 3, version: 2, derived: true };

const INVITES: TableDefinition<InviteId, InviteRow> = {
  view: INFO,
  name: 'invites',
  id: 1,
  key: single(shortTextPart<InviteId>()),
  row: record<InviteRow>({
    kind: oneOf<InviteIssued['kind']>('node', 'client', 'member'),
    name: text(),
    secretHash: bytes,
    issuedMs: unsigned,
    expiresAtMs: unsigned,
    approved: flag,
    state: oneOf<InviteRow['state']>('open', 'redeemed', 'revoked'),
    fingerprint: bytes,
  }),
};

const OPEN: TableDefinition<readonly [number, InviteId], true> = {
  view: INFO,
  name: 'open',
  id: 2,
  key: pair(numberPart, shortTextPart<InviteId>()),
  row: present,
};

const NO_BYTES = new Uint8Array(0);

export function invitesView(bind: Bind): View<InvitesReader> {
  const invites = bind(INVITES);
  const open = bind(OPEN);
  const close = (id: InviteId, change: Pick<InviteRow, 'state' | 'fingerprint'>): void => {
    const row = invites.get(id) ?? refuse('the invite was never issued');
    if (row.state !== 'open') refuse('the invite is closed');
    invites.put(id, { ...row, ...change });
    open.remove([row.expiresAtMs, id]);
  };
  return {
    info: INFO,
    read: {
      get: (id) => invites.get(id),
      open: (nowMs, limit) => open.page({ prefix: '', after: numberPart.encode(nowMs + 1), limit }),
    },
    apply(event, facts) {
      switch (event.type) {
        case 'InviteIssued': {
          if (invites.get(event.inviteId) !== undefined) refuse('the invite was issued before');
          const { kind, name, secretHash, expiresAtMs, approved } = event;
          const issuedMs = facts.timeMs;
          const row = { kind, name, secretHash, issuedMs, expiresAtMs, approved };
          invites.put(event.inviteId, { ...row, state: 'open', fingerprint: NO_BYTES });
          open.put([expiresAtMs, event.inviteId], true);
          return;
        }
        case 'InviteRedeemed':
          close(event.inviteId, { state: 'redeemed', fingerprint: event.fingerprint });
          return;
        case 'InviteRevoked':
          close(event.inviteId, { state: 'revoked', fingerprint: NO_BYTES });
          return;
        default:
      }
    },
  };
}

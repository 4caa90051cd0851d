import { LIMITS, type InviteId, type MemberId } from '../../base/index.js';
import type { LogPosition, MemberApplied } from '../../events/index.js';
import { bytes, list, oneOf, optional, record, text, unsigned } from '../rows/fields.js';
import { shortTextPart, single } from '../rows/keys.js';
import type { Bind, TableDefinition, ViewInfo } from '../rows/table.js';
import { countTable } from './count.js';
import type { MembersReader } from './members.js';
import { refuse, type View } from './view.js';

export type PeerState = 'applied' | 'admitted' | 'suspended' | 'removed' | 'refused';

/** Another member, as this log's owner knows it. What is newer about it stands in its own log. */
export interface PeerRow {
  /** Our label. */
  readonly name: string;
  readonly state: PeerState;
  /** SPKI DER. */
  readonly identityPublicKey: Uint8Array;
  /** DER, as it was when it was admitted. */
  readonly caCertificate: Uint8Array;
  readonly caEndorsement: Uint8Array;
  /** `host:port` of its peer listener, as they were then. */
  readonly endpoints: readonly string[];
  /** Empty: none. */
  readonly inviteId: InviteId | '';
  /** Empty: nobody. */
  readonly introducedBy: MemberId | '';
  /** Suspended or removed: the last position of its log that is accepted, 0 and 0 for none. Undefined: no end. */
  readonly acceptedUpTo: LogPosition | undefined;
  /** Since when it is in this state. */
  readonly sinceMs: number;
  /** Why it was refused, suspended or removed. */
  readonly note: string;
}

export interface PeersReader {
  get(id: MemberId): PeerRow | undefined;
  /** Everybody who was ever heard of, at most LIMITS.members, in the order of ids. */
  all(): readonly (readonly [MemberId, PeerRow])[];
  /** Who is admitted before who is suspended, has applied, or is gone; of several, the first in the order of ids. */
  byName(name: string): readonly [MemberId, PeerRow] | undefined;
}

const INFO: ViewInfo = { name: 'peers', id: 13, version: 1, derived: true };
const STATES: readonly [PeerState, ...PeerState[]] = ['admitted', 'suspended', 'applied', 'removed', 'refused'];

const PEERS: TableDefinition<MemberId, PeerRow> = {
  view: INFO,
  name: 'members',
  id: 1,
  key: single(shortTextPart<MemberId>()),
  resident: true,
  row: record<PeerRow>({
    name: text(),
    state: oneOf(...STATES),
    identityPublicKey: bytes,
    caCertificate: bytes,
    caEndorsement: bytes,
    endpoints: list(text()),
    inviteId: text<InviteId | ''>(),
    introducedBy: text<MemberId | ''>(),
    acceptedUpTo: optional(record<LogPosition>({ epoch: unsigned, sequence: unsigned })),
    sinceMs: unsigned,
    note: text(),
  }),
};

export function peersView(bind: Bind, members: MembersReader): View<PeersReader> {
  const peers = bind(PEERS);
  const count = countTable(bind, INFO, 2);
  const all = (): readonly (readonly [MemberId, PeerRow])[] => peers.page({ prefix: '', limit: LIMITS.members }).rows;

  function meet(event: Omit<MemberApplied, 'type'>, state: PeerState, sinceMs: number): void {
    const { memberId, name, identityPublicKey, caCertificate, caEndorsement, endpoints, inviteId, introducedBy } = event;
    const known = peers.get(memberId);
    if (memberId === members.owner()?.memberId) refuse('a member does not admit itself');
    if (known?.state === 'admitted' || known?.state === 'suspended') refuse('the member was admitted before');
    if (known === undefined) {
      if (count.get() >= LIMITS.members) refuse('more members than there may be');
      count.change(1);
    }
    const facts = { name, identityPublicKey, caCertificate, caEndorsement, endpoints, inviteId, introducedBy };
    peers.put(memberId, { ...facts, state, acceptedUpTo: undefined, sinceMs, note: '' });
  }

  function change(id: MemberId, from: readonly PeerState[], changes: Partial<PeerRow>): void {
    const row = peers.get(id) ?? refuse('the member is not known');
    if (!from.includes(row.state)) refuse(`the member is ${row.state}`);
    peers.put(id, { ...row, ...changes });
  }

  return {
    info: INFO,
    read: {
      get: (id) => peers.get(id),
      all,
      byName(name) {
        const named = all().filter(([, row]) => row.name === name);
        return STATES.map((state) => named.find(([, row]) => row.state === state)).find((found) => found !== undefined);
      },
    },
    apply(event, { timeMs: sinceMs }) {
      switch (event.type) {
        case 'MemberApplied':
          meet(event, 'applied', sinceMs);
          return;
        case 'MemberAdmitted':
          meet(event, 'admitted', sinceMs);
          return;
        case 'MemberRefused':
          change(event.memberId, ['applied'], { state: 'refused', sinceMs, note: event.note });
          return;
        case 'MemberRenamed':
          change(event.memberId, STATES, { name: event.name });
          return;
        case 'MemberSuspended': {
          const { epoch, sequence, note } = event;
          change(event.memberId, ['admitted'], { state: 'suspended', acceptedUpTo: { epoch, sequence }, sinceMs, note });
          return;
        }
        case 'MemberReinstated':
          change(event.memberId, ['suspended'], { state: 'admitted', acceptedUpTo: undefined, sinceMs, note: '' });
          return;
        case 'MemberRemoved': {
          const { epoch, sequence, note } = event;
          const acceptedUpTo = { epoch, sequence };
          change(event.memberId, ['admitted', 'suspended'], { state: 'removed', acceptedUpTo, sinceMs, note });
          return;
        }
        default:
      }
    },
  };
}

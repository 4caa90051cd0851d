import type { MemberId } from '../../base/index.js';
import { bytes, list, record, text, unsigned } from '../rows/fields.js';
import { only } from '../rows/keys.js';
import type { Bind, TableDefinition, ViewInfo } from '../rows/table.js';
import { refuse, type View } from './view.js';

export interface MemberRow {
  readonly memberId: MemberId;
  readonly name: string;
  /** SPKI DER. */
  readonly identityPublicKey: Uint8Array;
  /** DER. */
  readonly caCertificate: Uint8Array;
  /** SPKI DER. */
  readonly logPublicKey: Uint8Array;
  readonly foundedMs: number;
  /** `host:port`. */
  readonly homeEndpoints: readonly string[];
  readonly enrolmentEndpoints: readonly string[];
}

export interface MembersReader {
  /** Whose log this is; undefined before its first event. */
  owner(): MemberRow | undefined;
}

const INFO: ViewInfo = { name: 'members', id: 1, version: 1, derived: true };

const OWNER: TableDefinition<'only', MemberRow> = {
  view: INFO,
  name: 'owner',
  id: 1,
  key: only,
  resident: true,
  row: record<MemberRow>({
    memberId: text<MemberId>(),
    name: text(),
    identityPublicKey: bytes,
    caCertificate: bytes,
    logPublicKey: bytes,
    foundedMs: unsigned,
    homeEndpoints: list(text()),
    enrolmentEndpoints: list(text()),
  }),
};

export function membersView(bind: Bind): View<MembersReader> {
  const owner = bind(OWNER);
  return {
    info: INFO,
    read: { owner: () => owner.get('only') },
    apply(event, facts) {
      switch (event.type) {
        case 'CollectiveFounded':
          if (owner.get('only') !== undefined) refuse('the collective was founded before');
          owner.put('only', {
            memberId: event.memberId,
            name: event.name,
            identityPublicKey: event.identityPublicKey,
            caCertificate: event.caCertificate,
            logPublicKey: event.logPublicKey,
            foundedMs: facts.timeMs,
            homeEndpoints: [],
            enrolmentEndpoints: [],
          });
          return;
        case 'CoordinatorEndpointsChanged': {
          const row = owner.get('only') ?? refuse('nothing was founded');
          owner.put('only', { ...row, homeEndpoints: event.home, enrolmentEndpoints: event.enrolment });
          return;
        }
        case 'EpochStarted': {
          const row = owner.get('only') ?? refuse('nothing was founded');
          owner.put('only', { ...row, logPublicKey: event.logPublicKey });
          return;
        }
        default:
      }
    },
  };
}

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
  /** DER of the present CA. */
  readonly caCertificate: Uint8Array;
  readonly caEndorsement: Uint8Array;
  /** CAs before it, the newest first: the last four. */
  readonly previousCas: readonly PreviousCaRow[];
  /** SPKI DER of the key that signs the log now. */
  readonly logPublicKey: Uint8Array;
  readonly foundedMs: number;
  /** `host:port`. */
  readonly homeEndpoints: readonly string[];
  readonly enrolmentEndpoints: readonly string[];
  readonly peerEndpoints: readonly string[];
}

export interface PreviousCaRow {
  /** DER. */
  readonly certificate: Uint8Array;
  readonly endorsement: Uint8Array;
  /** Its leaves are accepted until then. */
  readonly untilMs: number;
}

export interface MembersReader {
  /** Whose log this is; undefined before its first event. */
  owner(): MemberRow | undefined;
}

const INFO: ViewInfo = { name: 'members', id: 1, version: 3, derived: true };

const PREVIOUS_CAS_KEPT = 4;

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
    caEndorsement: bytes,
    previousCas: list(record<PreviousCaRow>({ certificate: bytes, endorsement: bytes, untilMs: unsigned })),
    logPublicKey: bytes,
    foundedMs: unsigned,
    homeEndpoints: list(text()),
    enrolmentEndpoints: list(text()),
    peerEndpoints: list(text()),
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
            caEndorsement: event.caEndorsement,
            previousCas: [],
            logPublicKey: event.logPublicKey,
            foundedMs: facts.timeMs,
            homeEndpoints: [],
            enrolmentEndpoints: [],
            peerEndpoints: [],
          });
          return;
        case 'MemberCaRotated': {
          const row = owner.get('only') ?? refuse('nothing was founded');
          const { caCertificate, caEndorsement, previousUntilMs } = event;
          const replaced = { certificate: row.caCertificate, endorsement: row.caEndorsement, untilMs: previousUntilMs };
          const previousCas = [replaced, ...row.previousCas].slice(0, PREVIOUS_CAS_KEPT);
          owner.put('only', { ...row, caCertificate, caEndorsement, previousCas });
          return;
        }
        case 'LogKeyRotated':
        case 'EpochStarted': {
          const row = owner.get('only') ?? refuse('nothing was founded');
          owner.put('only', { ...row, logPublicKey: event.logPublicKey });
          return;
        }
        case 'CoordinatorEndpointsChanged': {
          const row = owner.get('only') ?? refuse('nothing was founded');
          const { home: homeEndpoints, enrolment: enrolmentEndpoints, peer: peerEndpoints } = event;
          owner.put('only', { ...row, homeEndpoints, enrolmentEndpoints, peerEndpoints });
          return;
        }
        default:
      }
    },
  };
}

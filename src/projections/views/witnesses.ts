import type { MemberId, NodeId } from '../../base/index.js';
import { bytes, flag, list, record, text, unsigned } from '../rows/fields.js';
import { numberPart, only, single } from '../rows/keys.js';
import type { Bind, TableDefinition, ViewInfo } from '../rows/table.js';
import { refuse, type View } from './view.js';

/** Who keeps copies of the log. */
export interface WitnessesRow {
  readonly nodeIds: readonly NodeId[];
  /** Other members whose coordinators keep it. */
  readonly members: readonly MemberId[];
  /** How many of both have to hold a block before it is acknowledged. */
  readonly required: number;
  /** The event that says so: whoever it names had everything up to there, or was to get it first of all. */
  readonly sequence: number;
  /** Chosen by a person: the coordinator adds none to them by itself. */
  readonly byOperator: boolean;
}

/** An epoch that was started after the first one. */
export interface EpochRow {
  readonly previousEpoch: number;
  readonly cutSequence: number;
  readonly cutHash: Uint8Array;
  readonly startedMs: number;
  readonly reason: string;
}

export interface WitnessesReader {
  current(): WitnessesRow;
  /** Ascending. */
  epochs(): readonly (readonly [epoch: number, row: EpochRow])[];
}

const INFO: ViewInfo = { name: 'witnesses', id: 12, version: 2, derived: true };
const NONE: WitnessesRow = { nodeIds: [], members: [], required: 0, sequence: 0, byOperator: false };
/** Each costs the passphrase of the identity key. */
const EPOCHS_MAX = 10_000;

const CURRENT: TableDefinition<'only', WitnessesRow> = {
  view: INFO,
  name: 'current',
  id: 1,
  key: only,
  resident: true,
  row: record<WitnessesRow>({
    nodeIds: list(text<NodeId>()),
    members: list(text<MemberId>()),
    required: unsigned,
    sequence: unsigned,
    byOperator: flag,
  }),
};

const EPOCHS: TableDefinition<number, EpochRow> = {
  view: INFO,
  name: 'epochs',
  id: 2,
  key: single(numberPart),
  resident: true,
  row: record<EpochRow>({ previousEpoch: unsigned, cutSequence: unsigned, cutHash: bytes, startedMs: unsigned, reason: text() }),
};

export function witnessesView(bind: Bind): View<WitnessesReader> {
  const current = bind(CURRENT);
  const epochs = bind(EPOCHS);
  return {
    info: INFO,
    read: {
      current: () => current.get('only') ?? NONE,
      epochs: () => epochs.page({ prefix: '', limit: EPOCHS_MAX }).rows,
    },
    apply(event, { position, timeMs, actor }) {
      switch (event.type) {
        case 'WitnessesChanged': {
          const { witnesses: nodeIds, members, required } = event;
          if (required > nodeIds.length + members.length) refuse('more witnesses are required than there are');
          const byOperator = actor.startsWith('client/');
          current.put('only', { nodeIds, members, required, sequence: position.sequence, byOperator });
          return;
        }
        case 'EpochStarted': {
          const { epoch, previousEpoch, cutSequence, cutHash, reason } = event;
          epochs.put(epoch, { previousEpoch, cutSequence, cutHash, startedMs: timeMs, reason });
          return;
        }
        default:
      }
    },
  };
}

import type { LogPosition } from '../../events/index.js';
import { bytes, decodeRow, encodeRow, list, record, unsigned } from '../rows/fields.js';

/** How a view stood when it was flushed. */
export interface StoredView {
  readonly id: number;
  readonly version: number;
  readonly rows: number;
  /** 32 bytes. */
  readonly stateHash: Uint8Array;
}

/** What is stored beside an origin's rows, in the same batch: what they stand at. */
export interface OriginState {
  /** Of the last event that was applied; sequence 0: none. */
  readonly position: LogPosition;
  readonly views: readonly StoredView[];
}

const FIELD = record<OriginState>({
  position: record<LogPosition>({ epoch: unsigned, sequence: unsigned }),
  views: list(record<StoredView>({ id: unsigned, version: unsigned, rows: unsigned, stateHash: bytes })),
});

export const encodeOriginState = (state: OriginState): Uint8Array => encodeRow(FIELD, state);
export const decodeOriginState = (encoded: Uint8Array): OriginState => decodeRow(FIELD, encoded);

export const NO_POSITION: LogPosition = { epoch: 1, sequence: 0 };

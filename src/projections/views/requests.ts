import type { RequestId } from '../../base/index.js';
import type { Actor } from '../../events/index.js';
import { bytes, record, unsigned } from '../rows/fields.js';
import { numberPart, pair, shortTextPart, type KeyCodec } from '../rows/keys.js';
import type { Bind, TableDefinition, ViewInfo } from '../rows/table.js';
import { present } from './fields.js';
import type { EventFacts } from './view.js';
import { equalBytes } from '../../base/index.js';

/** Which events a command was decided by; they stand one after another. */
export interface RequestRow {
  /** 16 bytes. */
  readonly commandHash: Uint8Array;
  readonly epoch: number;
  readonly firstSequence: number;
  readonly count: number;
  /** Of its first event. */
  readonly timeMs: number;
}

export interface RequestsReader {
  get(actor: Actor, requestId: RequestId): RequestRow | undefined;
}

type RequestKey = readonly [Actor, RequestId];

/** An index of the log rather than a view: old rows are dropped by the clock, so it has no part in state hashes. */
const INFO: ViewInfo = { name: 'requests', id: 11, version: 1, derived: false };

const REQUESTS: TableDefinition<RequestKey, RequestRow> = {
  view: INFO,
  name: 'requests',
  id: 1,
  key: pair(shortTextPart<Actor>(), shortTextPart<RequestId>()),
  row: record<RequestRow>({ commandHash: bytes, epoch: unsigned, firstSequence: unsigned, count: unsigned, timeMs: unsigned }),
};

const byTimeKey: KeyCodec<readonly [number, RequestKey]> = {
  encode: ([timeMs, key]) => numberPart.encode(timeMs) + REQUESTS.key.encode(key),
  decode(encoded) {
    const [timeMs, end] = numberPart.decode(encoded, 0);
    return [timeMs, REQUESTS.key.decode(encoded.slice(end))];
  },
  show: ([timeMs, key]) => `${timeMs}/${REQUESTS.key.show(key)}`,
};

const BY_TIME: TableDefinition<readonly [number, RequestKey], true> = {
  view: INFO,
  name: 'by-time',
  id: 2,
  key: byTimeKey,
  row: present,
};

export interface RequestsIndex {
  readonly info: ViewInfo;
  readonly read: RequestsReader;
  /** Also for events that this program does not know. */
  note(facts: EventFacts): void;
  /** Drops up to `limit` rows older than `beforeMs`; how many it dropped. */
  prune(beforeMs: number, limit: number): number;
}

export function requestsIndex(bind: Bind): RequestsIndex {
  const requests = bind(REQUESTS);
  const byTime = bind(BY_TIME);
  return {
    info: INFO,
    read: { get: (actor, requestId) => requests.get([actor, requestId]) },
    note({ actor, request, position, timeMs }) {
      if (request === undefined) return;
      const key: RequestKey = [actor, request.id];
      const row = requests.get(key);
      if (row !== undefined && continues(row, request.commandHash, position)) {
        requests.put(key, { ...row, count: row.count + 1 });
        return;
      }
      if (row !== undefined) byTime.remove([row.timeMs, key]);
      const { epoch, sequence } = position;
      requests.put(key, { commandHash: request.commandHash, epoch, firstSequence: sequence, count: 1, timeMs });
      byTime.put([timeMs, key], true);
    },
    prune(beforeMs, limit) {
      const { rows } = byTime.page({ prefix: '', limit });
      const old = rows.map(([key]) => key).filter(([timeMs]) => timeMs < beforeMs);
      requests.need(old.map(([, key]) => key));
      for (const key of old) {
        byTime.remove(key);
        requests.remove(key[1]);
      }
      return old.length;
    },
  };
}

function continues(row: RequestRow, commandHash: Uint8Array, position: EventFacts['position']): boolean {
  return (
    row.epoch === position.epoch &&
    row.firstSequence + row.count === position.sequence &&
    equalBytes(row.commandHash, commandHash)
  );
}

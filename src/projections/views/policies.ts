import { LIMITS, type FileId } from '../../base/index.js';
import type { Spread } from '../../events/index.js';
import { oneOf, record, unsigned } from '../rows/fields.js';
import { fileIdPart, single } from '../rows/keys.js';
import type { Bind, TableDefinition, ViewInfo } from '../rows/table.js';
import type { NamespaceReader } from './namespace/reader.js';
import { refuse, type View } from './view.js';

/** How what is put below a directory is kept. */
export interface PolicyRow {
  /** At least 1. */
  readonly copies: number;
  /** How many of them have to exist before a put succeeds: at least 1. */
  readonly minimumCopies: number;
  readonly spread: Spread;
  readonly setMs: number;
}

export interface PoliciesReader {
  /** Its own; the nearest one above is for deciders to find. */
  get(directoryId: FileId): PolicyRow | undefined;
  /** At most LIMITS.policies, in the order of ids. */
  all(): readonly (readonly [FileId, PolicyRow])[];
}

const INFO: ViewInfo = { name: 'policies', id: 15, version: 1, derived: true };

const POLICIES: TableDefinition<FileId, PolicyRow> = {
  view: INFO,
  name: 'policies',
  id: 1,
  key: single(fileIdPart),
  resident: true,
  row: record<PolicyRow>({
    copies: unsigned,
    minimumCopies: unsigned,
    spread: oneOf<Spread>('nodes', 'members'),
    setMs: unsigned,
  }),
};

export function policiesView(bind: Bind, namespace: NamespaceReader): View<PoliciesReader> {
  const policies = bind(POLICIES);
  const all = (): readonly (readonly [FileId, PolicyRow])[] => policies.page({ prefix: '', limit: LIMITS.policies }).rows;
  return {
    info: INFO,
    read: { get: (id) => policies.get(id), all },
    apply(event, { timeMs }) {
      if (event.type !== 'PolicySet') return;
      const { directoryId, copies, minimumCopies, spread } = event;
      if (copies === 0) {
        policies.remove(directoryId);
        return;
      }
      if (namespace.file(directoryId)?.kind !== 'directory') refuse('a policy is for a directory');
      if (policies.get(directoryId) === undefined && all().length >= LIMITS.policies) refuse('more policies than there may be');
      policies.put(directoryId, { copies, minimumCopies, spread, setMs: timeMs });
    },
  };
}

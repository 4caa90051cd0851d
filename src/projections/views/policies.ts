import { LIMITS, type FileId } from '../../base/index.js';
import type { Spread } from '../../events/index.js';
import { oneOf, record, unsigned } from '../rows/fields.js';
import { fileIdPart, single } from '../rows/keys.js';
import type { Bind, TableDefinition, ViewInfo } from '../rows/table.js';
import { countTable } from './count.js';
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
  const count = countTable(bind, INFO, 2);
  return {
    info: INFO,
    read: { get: (id) => policies.get(id), all: () => policies.page({ prefix: '', limit: LIMITS.policies }).rows },
    apply(event, { timeMs }) {
      if (event.type !== 'PolicySet') return;
      const { directoryId, copies, minimumCopies, spread } = event;
      const known = policies.get(directoryId) !== undefined;
      if (copies === 0) {
        if (known) count.change(-1);
        policies.remove(directoryId);
        return;
      }
      if (namespace.file(directoryId)?.kind !== 'directory') refuse('a policy is for a directory');
      if (!known) {
        if (count.get() >= LIMITS.policies) refuse('more policies than there may be');
        count.change(1);
      }
      policies.put(directoryId, { copies, minimumCopies, spread, setMs: timeMs });
    },
  };
}

import type { FileId, MemberId } from '../../base/index.js';
import type { NamespaceReader, VersionRow } from '../../projections/index.js';
import { GrantScope, type GrantViews } from '../grant-scope.js';
import { keptVersion, type Retention, standing } from '../namespace/ever-at.js';

/**
 * A version of a file that a member may read by its owner's log, as it is known at a holder of copies: what stands there, in a
 * directory that is granted now. Undefined for anything else. `holder`: who decides. Once the owner has suspended or removed the
 * holder, that one hears no more of grants that end: then nothing may be read by what it knows.
 */
export function versionForReader(
  who: { readonly reader: MemberId; readonly holder: MemberId },
  asked: { readonly fileId: FileId; readonly version: number },
  views: GrantViews & { readonly namespace: NamespaceReader },
  retention: Retention,
): VersionRow | undefined {
  if (!mayDecide(who.holder, views)) return undefined;
  const { fileId, version } = asked;
  if (!new GrantScope(who.reader, views, retention.nowMs).coversFile(fileId, 'read')) return undefined;
  const row = views.namespace.file(fileId);
  if (row?.kind !== 'file') return undefined;
  const kept = keptVersion([], { standing: standing({ fileId, row }), version }, views.namespace, retention);
  return kept.ok ? kept.value : undefined;
}

/** Whether a member still hears of what the owner of a log grants and withdraws. */
const mayDecide = (holder: MemberId, { peers }: Pick<GrantViews, 'peers'>): boolean => peers.get(holder)?.state === 'admitted';

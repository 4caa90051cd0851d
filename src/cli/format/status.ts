import type { CollectiveClient } from '../../client/index.js';

type Status = Awaited<ReturnType<CollectiveClient['admin']['status']>>;
type NodeInfo = Status['nodes'][number];

/** What scripts get to see of a node. */
export const nodeJson = (node: NodeInfo) => ({
  id: node.nodeId,
  name: node.name,
  state: node.state,
  store: { state: node.storeState, ...(node.storeReason === '' ? {} : { reason: node.storeReason }) },
  endpoints: node.endpoints,
  capacity: node.capacityBytes,
  used: node.usedBytes,
  free: node.freeBytes,
  chunks: node.chunks,
  damagedCopies: node.damagedCopies,
  failureDomain: node.failureDomain,
  version: node.softwareVersion,
  ...(node.lastSeenMs > 0 ? { lastSeen: new Date(node.lastSeenMs).toISOString() } : {}),
  ...(node.certificateExpiresMs > 0 ? { certificateExpires: new Date(node.certificateExpiresMs).toISOString() } : {}),
});

export type NodeJson = ReturnType<typeof nodeJson>;

export interface FindingJson {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
  readonly next: string;
}

export const findingJson = ({ code, severity, message, next }: FindingJson): FindingJson => ({ code, severity, message, next });

/** What scripts get to see of the whole. */
export const statusJson = (status: Status) => ({
  member: { id: status.memberId, name: status.memberName },
  health: status.health,
  findings: status.findings.map(findingJson),
  nodes: status.nodes.map(nodeJson),
  usage: {
    files: status.usage?.files ?? 0,
    directories: status.usage?.directories ?? 0,
    fileBytes: status.usage?.fileBytes ?? 0,
    chunks: status.usage?.chunks ?? 0,
    chunkBytes: status.usage?.chunkBytes ?? 0,
    copies: status.usage?.copies ?? 0,
    storedBytes: status.usage?.storedBytes ?? 0,
    capacity: status.usage?.capacityBytes ?? 0,
    underProtectedChunks: status.usage?.underProtectedChunks ?? 0,
    damagedCopies: status.usage?.damagedCopies ?? 0,
    ...sharedJson(status.usage),
    ...(status.usage?.storage?.underProtectedFiles === undefined
      ? {}
      : { underProtectedFiles: status.usage.storage.underProtectedFiles }),
    retentionMs: status.usage?.storage?.retentionMs ?? 0,
  },
  log: {
    origin: status.log?.origin ?? '',
    epoch: status.log?.epoch ?? 0,
    head: status.log?.headSequence ?? 0,
    bytes: status.log?.bytes ?? 0,
    disks: status.log?.disks ?? 1,
    witnesses: status.log?.witnesses ?? 0,
    witnessesRequired: status.log?.witnessesRequired ?? 0,
    views: (status.log?.views ?? []).map(({ name, projectionVersion, stateHash, rows }) => ({
      name,
      projectionVersion,
      stateHash,
      rows,
    })),
  },
  audit: {
    phase: status.audit?.phase ?? 'idle',
    events: status.audit?.events ?? 0,
    rows: status.audit?.rows ?? 0,
    ...(status.audit !== undefined && status.audit.nextMs > 0 ? { next: new Date(status.audit.nextMs).toISOString() } : {}),
    ...(status.audit !== undefined && status.audit.lastFinishedMs > 0
      ? {
          last: {
            finished: new Date(status.audit.lastFinishedMs).toISOString(),
            durationMs: status.audit.lastDurationMs,
            head: status.audit.lastHeadSequence,
            events: status.audit.lastEvents,
            rows: status.audit.lastRows,
          },
        }
      : {}),
  },
  coordinator: {
    version: status.softwareVersion,
    started: new Date(status.startedMs).toISOString(),
    pid: status.process?.pid ?? 0,
    residentBytes: status.process?.residentBytes ?? 0,
    viewCacheBytes: status.process?.viewCacheBytes ?? 0,
    viewCacheLimitBytes: status.process?.viewCacheLimitBytes ?? 0,
    cpuUserMs: status.process?.cpuUserMs ?? 0,
    cpuSystemMs: status.process?.cpuSystemMs ?? 0,
  },
});

/** Of the copies and the room: which are on own nodes, which with other members, and which are kept for those. */
export const sharedJson = (usage: Status['usage']) => {
  const { copies = 0, storedBytes = 0, shared } = usage ?? {};
  return {
    onNodes: { copies: copies - (shared?.memberCopies ?? 0), size: storedBytes - (shared?.memberBytes ?? 0) },
    withMembers: { copies: shared?.memberCopies ?? 0, size: shared?.memberBytes ?? 0, pledged: shared?.pledgedToUsBytes ?? 0 },
    forMembers: { copies: shared?.keptCopies ?? 0, size: shared?.keptBytes ?? 0, pledged: shared?.pledgedByUsBytes ?? 0 },
  };
};

export type SharedJson = ReturnType<typeof sharedJson>;

export type StatusJson = ReturnType<typeof statusJson>;

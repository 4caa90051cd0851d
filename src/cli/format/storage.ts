import type { CollectiveClient } from '../../client/index.js';
import { sharedJson } from './status.js';

type Status = Awaited<ReturnType<CollectiveClient['admin']['status']>>;

/** What scripts get to see of the room that there is, all in bytes. */
export function storageJson(status: Status) {
  const nodes = status.nodes.map((node) => ({
    name: node.name,
    id: node.nodeId,
    state: node.state,
    store: node.storeState,
    capacity: node.capacityBytes,
    used: node.usedBytes,
    free: node.freeBytes,
  }));
  const sum = (of: (node: (typeof nodes)[number]) => number): number => nodes.reduce((total, node) => total + of(node), 0);
  const { usage } = status;
  const storage = usage?.storage;
  return {
    nodes,
    total: { capacity: sum(({ capacity }) => capacity), used: sum(({ used }) => used), free: sum(({ free }) => free) },
    room: { size: storage?.roomBytes ?? 0, copies: storage?.roomCopies ?? 0 },
    live: { size: usage?.fileBytes ?? 0, stored: storage?.liveStoredBytes ?? 0 },
    kept: { versions: storage?.keptVersions ?? 0, size: storage?.keptBytes ?? 0, stored: storage?.keptStoredBytes ?? 0 },
    deleted: {
      entries: storage?.deletedEntries ?? 0,
      size: storage?.deletedBytes ?? 0,
      stored: storage?.deletedStoredBytes ?? 0,
    },
    purged: { size: storage?.purgedBytes ?? 0, stored: storage?.purgedStoredBytes ?? 0 },
    ...sharedJson(usage),
    unique: { size: usage?.chunkBytes ?? 0, stored: usage?.storedBytes ?? 0 },
    log: status.log?.bytes ?? 0,
    retentionMs: storage?.retentionMs ?? 0,
  };
}

export type StorageJson = ReturnType<typeof storageJson>;

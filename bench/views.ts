import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  fileIdAt,
  LIMITS,
  ROOT_FILE_ID,
  toBase32,
  toHex,
  type ChunkId,
  type ClientId,
  type FileId,
  type MemberId,
  type NodeId,
  type UploadId,
} from '../src/base/index.js';
import type { CollectiveEvent, RecordedEvent } from '../src/events/index.js';
import { ViewHost } from '../src/projections/index.js';
import { LevelKeyValueStores, NodeHasher } from '../src/runtime/index.js';
import { figure, type Figure } from './measure/statistics.js';

const FILES_PER_DIRECTORY = 100;
const hasher = new NodeHasher();
const digest = (text: string): Uint8Array => hasher.sha256(new TextEncoder().encode(text));
const ORIGIN = toBase32(digest('origin')) as MemberId;
const UPLOAD = toBase32(digest('upload').subarray(0, 16)) as UploadId;
const NODES = ['one', 'two', 'three'].map((name) => toBase32(digest(name).subarray(0, 10)) as NodeId);

/** How many events a second the views take in, with small files of one chunk and two copies, from an empty store and flushing. */
export async function benchViews(files = 20_000, runs = 3): Promise<readonly Figure[]> {
  const rates: number[] = [];
  const starts: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const root = await mkdtemp(join(tmpdir(), 'collective-bench-views-'));
    try {
      const { eventsPerSecond, startMs } = await once(join(root, 'views'), files);
      rates.push(eventsPerSecond);
      starts.push(startMs);
    } finally {
      await rm(root, { recursive: true });
    }
  }
  return [
    figure('views: events applied, small files', 'events/s', rates),
    figure(`views: start behind the cursor of ${files} files`, 'ms', starts),
  ];
}

async function once(path: string, files: number): Promise<{ readonly eventsPerSecond: number; readonly startMs: number }> {
  const stores = new LevelKeyValueStores();
  const host = await ViewHost.open(await stores.open(path, 'create'), { origins: [ORIGIN], hasher });
  let applied = 0;
  let spentMs = 0;
  for (const block of blocks(files)) {
    const began = performance.now();
    const result = await host.apply(block);
    if (!result.ok) throw new Error(result.error.reason);
    if (host.flushDue) await host.flush();
    spentMs += performance.now() - began;
    applied += block.length;
  }
  const began = performance.now();
  await host.flush();
  spentMs += performance.now() - began;
  await host.close();
  const opening = performance.now();
  const again = await ViewHost.open(await stores.open(path, 'open'), { origins: [ORIGIN], hasher });
  const startMs = performance.now() - opening;
  await again.close();
  return { eventsPerSecond: (applied * 1000) / spentMs, startMs };
}

function* blocks(files: number): Generator<readonly RecordedEvent[]> {
  let block: RecordedEvent[] = [];
  let sequence = 0;
  const add = (event: CollectiveEvent): FileId => {
    sequence += 1;
    block.push({
      envelope: {
        position: { origin: ORIGIN, epoch: 1, sequence },
        timeMs: 1_700_000_000_000 + sequence,
        type: event.type,
        schemaVersion: 1,
        actor: 'coordinator',
        request: undefined,
        cause: undefined,
        payloadHash: new Uint8Array(32),
      },
      event,
    });
    return fileIdAt({ epoch: 1, sequence });
  };
  for (const event of beginning()) add(event);
  const modified = { seconds: 1_700_000_000, nanoseconds: 0 };
  let parentId = ROOT_FILE_ID;
  for (let index = 0; index < files; index += 1) {
    if (index % FILES_PER_DIRECTORY === 0) {
      const above = index % (10 * FILES_PER_DIRECTORY) === 0 ? ROOT_FILE_ID : parentId;
      parentId = add({ type: 'DirectoryCreated', parentId: above, name: `folder-${index}`, mode: 0o755, modified });
    }
    const fileId = add({ type: 'FileCreated', parentId, name: `file-${index}.txt`, mode: 0o644, modified });
    const chunkId = `01${toHex(digest(`chunk ${index}`))}` as ChunkId;
    const lengthBytes = 1000 + (index % 5000);
    add({
      type: 'CopiesRecorded',
      memberIds: [],
      nodeIds: [NODES[index % 3], NODES[(index + 1) % 3]].filter((id) => id !== undefined),
      chunks: [{ chunkId, lengthBytes, holders: [0, 1] }],
    });
    const extents = [{ offsetBytes: 0, lengthBytes, chunkId }];
    add({
      type: 'FileCommitted',
      fileId,
      version: 1,
      uploadId: UPLOAD,
      sizeBytes: lengthBytes,
      extentListIds: [],
      extents,
      mode: 0o644,
      modified,
      contentType: '',
      openSessionId: '',
    });
    if (block.length < LIMITS.blockEvents - 4) continue;
    yield block;
    block = [];
  }
  if (block.length > 0) yield block;
}

function beginning(): readonly CollectiveEvent[] {
  const key = new Uint8Array(44);
  return [
    {
      type: 'CollectiveFounded',
      memberId: ORIGIN,
      name: 'bench',
      identityPublicKey: key,
      caCertificate: key,
      caEndorsement: key,
      logPublicKey: key,
      logKeyEndorsement: key,
    },
    ...NODES.map((nodeId) => ({ type: 'NodeRegistered', nodeId, name: nodeId }) as const),
    {
      type: 'UploadOpened',
      minimumCopies: 0,
      spread: 'nodes',
      uploadId: UPLOAD,
      clientId: toBase32(digest('client').subarray(0, 10)) as ClientId,
      copies: 2,
      expiresAtMs: 2_000_000_000_000,
    },
  ];
}

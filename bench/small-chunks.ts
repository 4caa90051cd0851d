import { mkdir, mkdtemp, open, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createHash } from 'node:crypto';
import type { MemberId, UploadId } from '../src/base/index.js';
import { chunkIdOf, createChunkStore, openChunkStore, type ChunkEntry } from '../src/chunks/index.js';
import {
  createLogger,
  LevelKeyValueStores,
  NodeFileSystem,
  NodeHasher,
  SystemClock,
  SystemTimers,
} from '../src/runtime/index.js';

/**
 * Small chunks, kept in packs by the store against one file each (written, synced, renamed, folders synced per batch), both
 * durable before each batch is acknowledged. The record of docs/decisions/0004-small-chunks-in-packs.md.
 */
const { values } = parseArgs({
  options: {
    chunks: { type: 'string', default: '20000' },
    bytes: { type: 'string', default: '16384' },
    batch: { type: 'string', default: '512' },
    runs: { type: 'string', default: '3' },
    'in-flight': { type: 'string', default: '16' },
  },
});
const count = Number(values.chunks);
const bytes = Number(values.bytes);
const batchChunks = Number(values.batch);
const inFlight = Number(values['in-flight']);
const root = await mkdtemp(join(tmpdir(), 'collective-small-chunks-'));
const hasher = new NodeHasher();
const signal = new AbortController().signal;

/** The same content for both, made anew each time instead of being kept in memory. */
function contentOf(index: number): Uint8Array {
  const content = Buffer.alloc(bytes, index % 251);
  content.writeUInt32BE(index, 0);
  return content;
}

async function each(from: number, to: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = from;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let index = next++; index < to; index = next++) await work(index);
    }),
  );
}

async function measured(what: string, items: number, run: () => Promise<void>): Promise<void> {
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  await run();
  const seconds = (performance.now() - startMs) / 1000;
  const used = process.cpuUsage(cpu);
  const cpuMicros = (used.user + used.system) / items;
  console.log(
    `${what.padEnd(34)} ${Math.round(items / seconds)
      .toString()
      .padStart(7)} chunks/s  ${cpuMicros.toFixed(0).padStart(5)} us CPU a chunk`,
  );
}

async function oneFileEach(folder: string): Promise<void> {
  const folders = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
  for (const name of folders) await mkdir(join(folder, name), { recursive: true });
  const names: string[] = [];
  await measured('one file each: write', count, async () => {
    for (let first = 0; first < count; first += batchChunks) {
      const touched = new Set<string>();
      await each(first, Math.min(count, first + batchChunks), async (index) => {
        const content = contentOf(index);
        const id = createHash('sha256').update(content).digest('hex');
        const path = join(folder, id.slice(0, 2), id);
        const handle = await open(`${folder}/temporary-${index}`, 'wx');
        await handle.write(content);
        await handle.datasync();
        await handle.close();
        await rename(`${folder}/temporary-${index}`, path);
        touched.add(id.slice(0, 2));
        names[index] = path;
      });
      await Promise.all(
        [...touched].map(async (name) => {
          const handle = await open(join(folder, name), 'r');
          await handle.sync();
          await handle.close();
        }),
      );
    }
  });
  await measured('one file each: read', count, () =>
    each(0, count, async (index) => {
      if ((await readFile(names[index] ?? '')).length !== bytes) throw new Error('a file was cut');
    }),
  );
}

async function inPacks(storeRoot: string): Promise<void> {
  const options = {
    root: storeRoot,
    fileSystem: new NodeFileSystem(),
    keyValueStores: new LevelKeyValueStores(),
    hasher,
    clock: new SystemClock(),
    timers: new SystemTimers(),
    logger: await createLogger({ level: 'error' }),
    capacityBytes: 1e12,
  };
  await mkdir(options.root);
  await createChunkStore(options);
  let store = await openChunkStore(options, signal);
  const origin = 'a'.repeat(52) as MemberId;
  const uploadId = 'a'.repeat(26) as UploadId;
  const entries: ChunkEntry[] = [];
  await measured('in packs, with holds: write', count, async () => {
    for (let first = 0; first < count; first += batchChunks) {
      const end = Math.min(count, first + batchChunks);
      await each(first, end, async (index) => {
        const content = contentOf(index);
        const entry = { chunkId: chunkIdOf(hasher, content), lengthBytes: bytes };
        const incoming = await store.receive({ origin, uploadId, ...entry }, signal);
        incoming.append(content);
        await incoming.store();
        entries[index] = entry;
      });
      await store.commit({ origin, uploadId, expiresAtMs: Date.now() + 3_600_000, chunks: entries.slice(first, end) }, signal);
    }
  });
  await measured('in packs, held by whom: read', count, () =>
    each(0, count, async (index) => {
      const entry = entries[index];
      if (entry !== undefined) (await store.read(origin, entry.chunkId, signal)).release();
    }),
  );
  await measured('in packs: are they held?', count, async () => {
    for (let first = 0; first < count; first += batchChunks)
      await store.held(origin, uploadId, entries.slice(first, first + batchChunks));
  });
  await store.close();
  const startMs = performance.now();
  store = await openChunkStore(options, signal);
  console.log(`${'open again'.padEnd(34)} ${(performance.now() - startMs).toFixed(0).padStart(7)} ms`);
  await store.close();
  await rm(join(options.root, 'index'), { recursive: true });
  const rebuildMs = performance.now();
  store = await openChunkStore(options, signal);
  console.log(`${'open and rebuild the index'.padEnd(34)} ${(performance.now() - rebuildMs).toFixed(0).padStart(7)} ms`);
  await store.close();
}

try {
  console.log(`${count} chunks of ${bytes} bytes, receipts for ${batchChunks}, ${inFlight} in flight`);
  for (let run = 1; run <= Number(values.runs); run += 1) {
    console.log(`run ${run}`);
    await oneFileEach(join(root, `files-${run}`));
    await inPacks(join(root, `store-${run}`));
  }
} finally {
  await rm(root, { recursive: true });
}

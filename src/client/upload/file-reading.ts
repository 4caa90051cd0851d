import { CollectiveError, LIMITS } from '../../base/index.js';
import { chunkBytesAfter, splitFile, type FileRun } from '../../chunks/index.js';
import type { ChunkArena, Lease } from '../flow/chunk-arena.js';
import { eachUntilAborted } from '../flow/until-aborted.js';
import type { LocalAttributes, LocalReader } from '../local/local-files.js';

/** Where bytes of a source go: in order, each buffer the receiver's from then on. */
export interface ChunkSink {
  add(offsetBytes: number, lease: Lease): void;
}

/**
 * Reads a file of known size, the next run while the last one is dealt with. Errors: SOURCE_CHANGED, LIMIT_EXCEEDED.
 */
export async function readFileInto(
  source: string,
  reader: LocalReader,
  arena: ChunkArena,
  sink: ChunkSink,
  signal: AbortSignal,
): Promise<{ readonly bytes: number; readonly attributes: LocalAttributes }> {
  const { bytes, attributes } = reader;
  checkSize(source, bytes);
  let ahead: Promise<Lease> | undefined;
  try {
    const runs = splitFile(bytes);
    let run = runs.next().value;
    if (run !== undefined) ahead = readRun(source, reader, arena, run, signal);
    while (run !== undefined && ahead !== undefined) {
      const lease: Lease = await ahead;
      const following: FileRun | undefined = runs.next().value ?? undefined;
      ahead = following === undefined ? undefined : readRun(source, reader, arena, following, signal);
      sink.add(run.offset, lease);
      run = following;
    }
  } finally {
    await giveBack(ahead);
  }
  if (!(await reader.unchanged())) throw changed(source);
  return { bytes, attributes };
}

/** Reads a stream to its end; the size of its chunks grows with it. */
export async function readStreamInto(
  source: string,
  stream: AsyncIterable<Uint8Array>,
  arena: ChunkArena,
  sink: ChunkSink,
  signal: AbortSignal,
): Promise<number> {
  let offset = 0;
  let filled = 0;
  let lease: Lease | undefined;
  try {
    for await (const part of eachUntilAborted(stream, signal)) {
      for (let used = 0; used < part.length; ) {
        lease ??= await arena.lease(chunkBytesAfter(offset), signal);
        const taken = Math.min(part.length - used, lease.bytes.length - filled);
        lease.bytes.set(part.subarray(used, used + taken), filled);
        used += taken;
        filled += taken;
        if (filled < lease.bytes.length) continue;
        sink.add(offset, lease);
        lease = undefined;
        offset += filled;
        filled = 0;
        checkSize(source, offset);
      }
    }
    if (lease !== undefined) {
      sink.add(offset, shortened(lease, filled));
      lease = undefined;
      offset += filled;
    }
    return offset;
  } finally {
    lease?.release();
  }
}

async function readRun(
  source: string,
  reader: LocalReader,
  arena: ChunkArena,
  run: FileRun,
  signal: AbortSignal,
): Promise<Lease> {
  const lease = await arena.lease(run.length, signal);
  try {
    if ((await reader.read(lease.bytes, run.offset)) < run.length) throw changed(source);
    return lease;
  } catch (error) {
    lease.release();
    throw error;
  }
}

/** Whoever stops early still has the buffer that was being filled. */
async function giveBack(ahead: Promise<Lease> | undefined): Promise<void> {
  if (ahead === undefined) return;
  const [outcome] = await Promise.allSettled([ahead]);
  if (outcome.status === 'fulfilled') outcome.value.release();
}

const shortened = (lease: Lease, length: number): Lease => ({
  bytes: lease.bytes.subarray(0, length),
  padded: lease.padded,
  release: () => lease.release(),
});

function checkSize(source: string, bytes: number): void {
  if (bytes <= LIMITS.fileBytes) return;
  throw new CollectiveError('LIMIT_EXCEEDED', `${source} is larger than a file may be (${LIMITS.fileBytes} bytes).`);
}

const changed = (source: string): CollectiveError =>
  new CollectiveError('SOURCE_CHANGED', `${source} was changed while it was being read.`, {
    next: 'Try again once nothing writes to it.',
    details: { source },
  });

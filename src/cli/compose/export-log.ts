import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isCollectiveError, LIMITS, type MemberId } from '../../base/index.js';
import { logDirectoryOf } from '../../coordinator/index.js';
import { type LogReader, openLogCopy, openLogForReading } from '../../events/index.js';
import type { World } from './world.js';

/** A coordinator that runs may be overwriting HEAD at the very moment. */
const TRIES = 3;

export interface ExportRequest {
  /** Of the coordinator. */
  readonly directory: string;
  readonly origin: MemberId;
  readonly target: string;
  readonly signal: AbortSignal;
}

export interface ExportedLog {
  readonly folder: string;
  readonly events: number;
  /** Of the last event. */
  readonly head: number;
}

/**
 * Copies the log of a coordinator's folder to a folder below `target`, block by block, each verified; whether the coordinator runs
 * or not. A copy that is there already goes on where it ended. Errors: NOT_FOUND, LOG_DAMAGED, LOG_FORKED, NOT_ENOUGH_SPACE.
 */
export async function exportLog(
  { directory, origin, target, signal }: ExportRequest,
  { fileSystem, hasher, verifier }: Pick<World, 'fileSystem' | 'hasher' | 'verifier'>,
): Promise<ExportedLog> {
  const source = await openLive({ fileSystem, hasher, verifier, origin, directory: logDirectoryOf(directory, origin) });
  await mkdir(target, { recursive: true, mode: 0o700 });
  const folder = join(target, origin);
  const copy = await openLogCopy({ fileSystem, hasher, verifier, origin, directory: folder });
  try {
    const before = copy.head.sequence;
    let blocks: Uint8Array[] = [];
    let bytes = 0;
    const rest = source.head.sequence > before ? source.read({ fromSequence: before + 1, signal }) : [];
    for await (const block of rest) {
      blocks.push(block.bytes);
      bytes += block.bytes.length;
      if (bytes < LIMITS.segmentStepBytes) continue;
      await copy.append(blocks);
      blocks = [];
      bytes = 0;
    }
    if (blocks.length > 0) await copy.append(blocks);
    const head = copy.head.sequence;
    return { folder, events: head - before, head };
  } finally {
    await copy.close();
  }
}

async function openLive(options: Parameters<typeof openLogForReading>[0]): Promise<LogReader> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await openLogForReading(options);
    } catch (error) {
      if (tries === TRIES || !isCollectiveError(error) || error.code !== 'LOG_DAMAGED') throw error;
    }
  }
}

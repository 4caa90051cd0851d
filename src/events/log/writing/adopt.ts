import { CollectiveError } from '../../../base/index.js';
import type { StoredBlock } from '../../chain/index.js';
import { examine, type Obstacle } from './incoming.js';
import { allowBatches, endBatches } from '../files/small-files.js';
import type { StoredLog } from '../stored-log.js';
import type { LogReadingOptions } from '../types.js';

/**
 * Appends blocks that the log's own key signed earlier, all or none. Errors: LOG_FORKED, LOG_DAMAGED, NOT_ENOUGH_SPACE (some of
 * them are stored), LOG_FAILED.
 */
export async function adoptBlocks(
  { fileSystem, directory }: LogReadingOptions,
  stored: StoredLog,
  blocks: readonly Uint8Array[],
  published: (block: StoredBlock) => void,
): Promise<void> {
  const { fresh, obstacle } = await examine(stored, blocks);
  if (obstacle !== undefined) throw forkedOr(obstacle.kind);
  if (fresh.length === 0) return;
  await allowBatches(fileSystem, directory);
  await stored.store(fresh, published);
  await endBatches(fileSystem, directory);
}

function forkedOr(obstacle: Obstacle): CollectiveError {
  switch (obstacle.kind) {
    case 'refused':
      return obstacle.error;
    case 'cut':
      return forked(obstacle.sequence, `a later epoch was started elsewhere, after event ${obstacle.sequence}`);
    case 'fork':
    case 'branch':
      return forked(obstacle.sequence - 1, `another block is held for event ${obstacle.sequence}`);
  }
}

export const forked = (commonSequence: number, problem: string): CollectiveError =>
  new CollectiveError('LOG_FORKED', `The log goes on in two ways: ${problem}.`, {
    next: 'Find out which of both is right, and start a new epoch on it; what the other one holds is put aside, not deleted.',
    details: { commonSequence, problem },
  });

import { isCollectiveError, type ErrorCode } from '../../base/index.js';

const TROUBLE: ReadonlySet<ErrorCode> = new Set(['NODE_FULL', 'NODE_READ_ONLY', 'CHUNK_DAMAGED']);

/** Passes on what the store answers, and tells when the answer is that the store is not well. */
export async function tellingTrouble<Value>(work: () => Promise<Value>, onTrouble: () => void): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (isCollectiveError(error) && TROUBLE.has(error.code)) onTrouble();
    throw error;
  }
}

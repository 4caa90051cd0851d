import { LIMITS, type CollectiveError } from '../../base/index.js';
import { errorOfFailure, type AttributeChange } from '../../transport/index.js';
import type { FilesCalls } from '../calls/files-calls.js';

/** Sets modes and times of remote things, many with one call, in order. */
export async function setAttributesOf(
  calls: FilesCalls,
  changes: Iterable<AttributeChange>,
  onFailure: (path: string, error: CollectiveError) => void,
  signal: AbortSignal,
): Promise<void> {
  let batch: AttributeChange[] = [];
  let textBytes = 0;
  const send = async (): Promise<void> => {
    const sent = batch;
    batch = [];
    textBytes = 0;
    const outcomes = await calls.setAttributes(sent, signal);
    sent.forEach(({ path }, index) => {
      const failure = outcomes[index]?.failure;
      if (failure !== undefined) onFailure(path, errorOfFailure(failure));
    });
  };
  for (const change of changes) {
    batch.push(change);
    textBytes += Buffer.byteLength(change.path);
    if (batch.length >= LIMITS.filesPerCommit || textBytes >= LIMITS.rpcMessageBytes / 4) await send();
  }
  if (batch.length > 0) await send();
}

import { isCollectiveError } from '../../../base/index.js';
import { isFileSystemError } from '../../../ports/index.js';
import { damaged } from '../damage.js';
import { IDENTITY_FILE, segmentsAmong } from '../files/file-names.js';
import { readFirstBlock } from '../reading/first-block.js';
import { foundingKey } from '../reading/founding.js';
import { readIdentity } from '../files/identity-file.js';
import { replaceFile } from '../files/small-files.js';
import type { SourceBlocks } from '../reading/source-blocks.js';
import { encodeIdentity, type LogIdentity } from '../files/stored-records.js';
import type { LogReadingOptions } from '../types.js';

export interface MendedIdentity {
  readonly identity: LogIdentity;
  /** The file, if it had to be made anew. */
  readonly written: string | undefined;
}

/** IDENTITY, made anew from the first block where it cannot be used. Errors: LOG_DAMAGED where neither is to be had. */
export async function mendIdentity(
  options: LogReadingOptions,
  names: readonly string[],
  blocks: SourceBlocks,
): Promise<MendedIdentity> {
  const { fileSystem, directory, origin } = options;
  try {
    return { identity: await readIdentity(fileSystem, directory, origin), written: undefined };
  } catch (error) {
    if (!isCollectiveError(error) || error.code !== 'LOG_DAMAGED') throw error;
  }
  const own = segmentsAmong(names)[0] === 1 ? await ownFirstBlock(options) : undefined;
  for (const bytes of [own, await blocks.at(1)]) {
    const key = bytes === undefined ? undefined : foundingKey(options, bytes);
    if (key?.ok !== true) continue;
    const identity = { origin, publicKey: key.value };
    await replaceFile(fileSystem, directory, IDENTITY_FILE, encodeIdentity(identity));
    return { identity, written: IDENTITY_FILE };
  }
  const place = { directory, file: IDENTITY_FILE, offset: 0, sequence: 0 };
  throw damaged(place, 'it cannot be used, and neither can the first block, which would prove the same');
}

async function ownFirstBlock({ fileSystem, directory }: LogReadingOptions): Promise<Uint8Array | undefined> {
  try {
    return await readFirstBlock(fileSystem, directory);
  } catch (error) {
    if (isFileSystemError(error) && error.errno === 'ENOENT') return undefined;
    throw error;
  }
}

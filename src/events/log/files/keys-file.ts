import { LIMITS, uint32Bytes, uint64Bytes, utf8, type MemberId } from '../../../base/index.js';
import { isFileSystemError, type FileSystem, type Hasher } from '../../../ports/index.js';
import { LogKeys, originBytes, sameSpan, type KeySpan } from '../../chain/index.js';
import { WireProblem } from '../../codec/index.js';
import { readingFailed } from '../damage.js';
import { KEYS_FILE } from './file-names.js';
import { readSmallFile, replaceFile } from './small-files.js';
import { originOf, uncheckedLength, VERSION_BYTES, withCrc, type LogIdentity } from './stored-records.js';

const MAGIC = utf8('CLKY');
const HEADER_BYTES = 48;
const SPAN_BYTES = 60;
const FILE_BYTES_MAX = HEADER_BYTES + SPAN_BYTES * LIMITS.logKeyChanges + 4;

export type StoredKeys =
  | { readonly kind: 'keys'; readonly keys: LogKeys }
  /** No key or epoch has changed yet, or the file was lost. */
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly problem: string };

/** What KEYS says; it is only an index of what the events say. Error: IO_FAILED. */
export async function readKeys(
  fileSystem: FileSystem,
  directory: string,
  { origin, publicKey }: LogIdentity,
  hasher: Hasher,
): Promise<StoredKeys> {
  try {
    const found = decodeKeys(await readSmallFile(fileSystem, `${directory}/${KEYS_FILE}`, FILE_BYTES_MAX));
    if (found.origin !== origin) return { kind: 'unreadable', problem: `it is of the origin ${found.origin}` };
    const [first] = found.spans;
    if (first === undefined || !sameSpan(first, { firstSequence: 1, epoch: 1, publicKey })) {
      return { kind: 'unreadable', problem: 'it starts with another key than IDENTITY' };
    }
    return { kind: 'keys', keys: new LogKeys(found.spans, hasher) };
  } catch (error) {
    if (error instanceof WireProblem) return { kind: 'unreadable', problem: error.message };
    if (isFileSystemError(error) && error.errno === 'ENOENT') return { kind: 'missing' };
    throw readingFailed({ directory, file: KEYS_FILE, offset: 0, sequence: 0 }, error);
  }
}

/** Durable when it resolves. */
export const writeKeys = (fileSystem: FileSystem, directory: string, origin: MemberId, keys: LogKeys): Promise<void> =>
  replaceFile(fileSystem, directory, KEYS_FILE, encodeKeys(origin, keys.spans));

const encodeKeys = (origin: MemberId, spans: readonly KeySpan[]): Uint8Array =>
  withCrc([
    MAGIC,
    VERSION_BYTES,
    originBytes(origin),
    uint32Bytes(spans.length),
    new Uint8Array(4),
    ...spans.flatMap(({ firstSequence, epoch, publicKey }) => [uint64Bytes(firstSequence), uint64Bytes(epoch), publicKey]),
  ]);

function decodeKeys(bytes: Uint8Array): { readonly origin: MemberId; readonly spans: readonly KeySpan[] } {
  const cursor = uncheckedLength(bytes, MAGIC);
  const origin = originOf(cursor);
  const count = cursor.uint32();
  if (cursor.uint32() !== 0) throw new WireProblem('reserved bytes are in use');
  if (bytes.length !== HEADER_BYTES + count * SPAN_BYTES + 4) throw new WireProblem('its length is not that of its entries');
  const spans: KeySpan[] = [];
  for (let index = 0; index < count; index += 1) {
    const span = { firstSequence: cursor.uint64(), epoch: cursor.uint64(), publicKey: new Uint8Array(cursor.bytes(44)) };
    const before = spans.at(-1);
    if (before !== undefined && (span.firstSequence <= before.firstSequence || span.epoch < before.epoch)) {
      throw new WireProblem('its entries are not in order');
    }
    spans.push(span);
  }
  return { origin, spans };
}

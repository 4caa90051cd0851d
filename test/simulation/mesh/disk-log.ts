import { accept, crc32, equalBytes, type MemberId } from '../../../src/base/index.js';
import { type ParsedBlock, parseBlock } from '../../../src/events/index.js';
import { RECORD_PREFIX_BYTES } from '../../../src/events/log/files/file-names.js';
import { SEGMENT_HEADER_BYTES } from '../../../src/events/log/files/stored-records.js';
import { logDirectoryOf } from '../../../src/coordinator/index.js';
import type { SimFileSystem } from '../ports/index.js';
import { hasher } from '../system/fixture.js';
import { durableHead } from '../system/history.js';
import { holds } from '../system/violation.js';
import { DIRECTORY } from './fixture.js';

interface Place {
  readonly path: string;
  readonly offset: number;
}

/**
 * What one disk holds of one log for certain, read by the simulation itself, each time from where it had come to. That blocks
 * follow each other without a gap, by number and hash, is checked on the way.
 */
export class DiskLog {
  readonly origin: MemberId;
  readonly #where: string;
  readonly #directory: string;
  #blocks: ParsedBlock[] = [];
  #after: Place | undefined;

  constructor(where: string, origin: MemberId) {
    this.#where = where;
    this.origin = origin;
    this.#directory = logDirectoryOf(DIRECTORY, origin);
  }

  get blocks(): readonly ParsedBlock[] {
    return this.#blocks;
  }

  get sequence(): number {
    return this.#blocks.at(-1)?.lastSequence ?? 0;
  }

  /** Another disk was put in. */
  restart(): void {
    this.#blocks = [];
    this.#after = undefined;
  }

  /** The blocks that are durable since the last time. */
  read(disk: SimFileSystem): readonly ParsedBlock[] {
    const head = durableHead(disk, this.#directory);
    const before = this.sequence;
    holds(head >= before, `${this.#name}: HEAD names event ${head}, and named ${before} before`);
    const fresh: ParsedBlock[] = [];
    while (this.sequence < head) fresh.push(this.#next(disk, head));
    holds(this.sequence === head, `${this.#name}: HEAD names event ${head}, and a block ends at ${this.sequence}`);
    return fresh;
  }

  get #name(): string {
    return `the log of ${this.origin.slice(0, 8)} on ${this.#where}`;
  }

  #next(disk: SimFileSystem, head: number): ParsedBlock {
    const next = this.sequence + 1;
    const found = this.#find(disk, next);
    holds(found !== undefined, `${this.#name}: HEAD names event ${head}, and event ${next} is not durable`);
    const block = accept(parseBlock(found.bytes, hasher));
    const { header } = block;
    const previous = this.#blocks.at(-1);
    holds(header.origin === this.origin, `${this.#name} holds a block of another origin`);
    holds(header.firstSequence === next, `${this.#name} has a gap: event ${header.firstSequence} follows ${this.sequence}`);
    const follows = previous === undefined || equalBytes(header.previousHeaderHash, previous.headerHash);
    holds(follows, `${this.#name}: event ${next} does not follow the block before it`);
    this.#blocks.push(block);
    this.#after = { path: found.path, offset: found.offset + RECORD_PREFIX_BYTES + found.bytes.length };
    return block;
  }

  #find(disk: SimFileSystem, sequence: number): (Place & { readonly bytes: Uint8Array }) | undefined {
    const segment = `${this.#directory}/${sequence.toString().padStart(16, '0')}.segment`;
    const places = [...(this.#after === undefined ? [] : [this.#after]), { path: segment, offset: SEGMENT_HEADER_BYTES }];
    for (const place of places) {
      const bytes = recordAt(disk, place);
      if (bytes !== undefined) return { ...place, bytes };
    }
    return undefined;
  }
}

/** The block of the whole record that is durable there. A copy. */
function recordAt(disk: SimFileSystem, { path, offset }: Place): Uint8Array | undefined {
  const file = disk.durableContentOf(path);
  if (file === undefined || offset + RECORD_PREFIX_BYTES > file.length) return undefined;
  const prefix = new DataView(file.buffer, file.byteOffset + offset, RECORD_PREFIX_BYTES);
  const bytes = file.slice(offset + RECORD_PREFIX_BYTES, offset + RECORD_PREFIX_BYTES + prefix.getUint32(0));
  return bytes.length > 0 && crc32(bytes) === prefix.getUint32(4) ? bytes : undefined;
}

import { accept, crc32, equalBytes, toHex, type MemberId } from '../../../src/base/index.js';
import { logDirectoryOf } from '../../../src/coordinator/open-member.js';
import { verifyBlockUnsigned } from '../../../src/events/chain/verify.js';
import { parseBlock, type StoredBlock } from '../../../src/events/index.js';
import { RECORD_PREFIX_BYTES } from '../../../src/events/log/files/file-names.js';
import { decodeHead, SEGMENT_HEADER_BYTES } from '../../../src/events/log/files/stored-records.js';
import type { SimFileSystem } from '../ports/index.js';
import type { Contents } from './contents.js';
import { DIRECTORY, hasher } from './fixture.js';
import { LogModel } from './log-model.js';
import { holds } from './violation.js';

interface Place {
  readonly path: string;
  readonly offset: number;
}

interface Found extends Place {
  readonly bytes: Uint8Array;
}

/** What the log holds on disk, read by the simulation itself at every moment that HEAD names something new. */
export class History {
  readonly #directory: string;
  readonly #origin: MemberId;
  readonly #contents: Contents;
  #model: LogModel;
  /** Every block that was ever seen durable and not taken back since. */
  readonly #blocks: StoredBlock[] = [];
  /** How many of them the disk holds now, and where the last of these lies. */
  #here = 0;
  #last: Found | undefined;
  #restoring = false;
  #restores = 0;

  constructor(origin: MemberId, contents: Contents) {
    this.#origin = origin;
    this.#contents = contents;
    this.#directory = logDirectoryOf(DIRECTORY, origin);
    this.#model = new LogModel(contents);
  }

  /** What everything that was seen means. */
  get model(): LogModel {
    return this.#model;
  }

  /** The last event that is on the disk for certain. */
  get sequence(): number {
    return this.#blocks[this.#here - 1]?.lastSequence ?? 0;
  }

  /** The last event that was on a disk for certain, and was not taken back since. */
  get seenSequence(): number {
    return this.#blocks.at(-1)?.lastSequence ?? 0;
  }

  /** How often an older disk was put in. */
  get restores(): number {
    return this.#restores;
  }

  /** Hex, of the block that ends there. */
  get headerHash(): string {
    return toHex(this.#blocks[this.#here - 1]?.headerHash ?? new Uint8Array());
  }

  /** Whether an older disk was put in, and not everything that was acknowledged is back on it. */
  get restoring(): boolean {
    return this.#restoring;
  }

  /** An older state of the disk was put in: what it lacks has to come back from elsewhere. */
  restored(): void {
    this.#here = 0;
    this.#last = undefined;
    this.#restoring = true;
    this.#restores += 1;
  }

  /** Takes in what the log holds up to the durable HEAD. Nothing up to `told` may ever become another. */
  read(disk: SimFileSystem, told: number): void {
    const durable = durableHead(disk, this.#directory);
    const before = this.sequence;
    holds(durable >= before, `HEAD names event ${durable}, and named ${before} before: acknowledged events are gone`);
    if (this.#last !== undefined) {
      const { path, offset, bytes } = this.#last;
      const now = disk.durableContentOf(path)?.subarray(offset, offset + bytes.length) ?? new Uint8Array();
      holds(equalBytes(now, bytes), `the block that ended at ${before} is not there any more, or another one`);
    }
    while (this.sequence < durable) this.#takeNext(disk, durable, told);
    holds(this.sequence === durable, `HEAD names event ${durable}, and the last block ends at ${this.sequence}`);
    if (this.sequence >= told) this.#restoring = false;
  }

  #takeNext(disk: SimFileSystem, durable: number, told: number): void {
    const next = this.sequence + 1;
    const previous = this.#blocks[this.#here - 1];
    const found = this.#find(disk, next);
    holds(found !== undefined, `HEAD names event ${durable}, and event ${next} is not durable`);
    const parsed = accept(parseBlock(found.bytes, hasher));
    const expectation = {
      origin: this.#origin,
      epoch: parsed.header.epoch,
      firstSequence: next,
      previousHeaderHash: previous?.headerHash,
      previousTimeMs: previous?.header.lastTimeMs ?? 0,
      publicKeyOf: () => undefined,
    };
    // Signatures are for the audit at the end; here the chain of hashes is enough.
    const block = verifyBlockUnsigned(parsed, expectation, hasher);
    holds(block.ok, block.ok ? '' : block.error.message);
    this.#last = found;
    const known = this.#blocks[this.#here];
    if (known === undefined || !equalBytes(known.headerHash, block.value.headerHash)) {
      holds(known === undefined || next > told, `event ${next} is another one than was acknowledged: the log has forked`);
      if (known !== undefined) this.#forgetFrom(this.#here);
      this.#blocks.push(block.value);
      this.#model.take(block.value);
    }
    this.#here += 1;
  }

  /** Blocks that nobody was told of, and that an older disk did not have, never were. */
  #forgetFrom(index: number): void {
    this.#blocks.length = index;
    this.#model = new LogModel(this.#contents);
    for (const block of this.#blocks) this.#model.take(block);
  }

  #find(disk: SimFileSystem, sequence: number): Found | undefined {
    const places: Place[] = [
      { path: `${this.#directory}/${sequence.toString().padStart(16, '0')}.segment`, offset: SEGMENT_HEADER_BYTES },
    ];
    if (this.#last !== undefined) places.unshift({ path: this.#last.path, offset: this.#last.offset + this.#last.bytes.length });
    for (const { path, offset } of places) {
      const bytes = recordAt(disk, path, offset);
      if (bytes !== undefined) return { path, offset: offset + RECORD_PREFIX_BYTES, bytes };
    }
    return undefined;
  }
}

/** The position that the HEAD of a log, or of a copy of one, names on a disk for certain; 0 where there is none. */
export function durableHead(disk: SimFileSystem, directory: string): number {
  let newest = { generation: -1, sequence: 0 };
  for (const file of ['HEAD.0', 'HEAD.1']) {
    const bytes = disk.durableContentOf(`${directory}/${file}`);
    const head = bytes === undefined ? undefined : headOf(bytes);
    if (head !== undefined && head.generation > newest.generation) newest = head;
  }
  return newest.sequence;
}

function headOf(bytes: Uint8Array): { readonly generation: number; readonly sequence: number } | undefined {
  try {
    return decodeHead(bytes);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** The block of the whole record that is durable there; undefined where none is. A copy. */
function recordAt(disk: SimFileSystem, path: string, offset: number): Uint8Array | undefined {
  const file = disk.durableContentOf(path);
  if (file === undefined || offset + RECORD_PREFIX_BYTES > file.length) return undefined;
  const prefix = new DataView(file.buffer, file.byteOffset + offset, RECORD_PREFIX_BYTES);
  const bytes = file.slice(offset + RECORD_PREFIX_BYTES, offset + RECORD_PREFIX_BYTES + prefix.getUint32(0));
  return bytes.length > 0 && crc32(bytes) === prefix.getUint32(4) ? bytes : undefined;
}

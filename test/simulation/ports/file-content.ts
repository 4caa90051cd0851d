import type { SeededRandom } from './random.js';

export const SECTOR_BYTES = 512;

/** What of unsynced things is there after the power came back. */
export type Survival = 'nothing' | 'everything' | 'random';

/** So many zeros at the end of a write are counted and not kept: logs make room with megabytes of them. */
const COUNTED_ZEROS = 4096;

type Change = Write | { readonly kind: 'truncate'; readonly length: number };

interface Write {
  readonly kind: 'write';
  readonly position: number;
  readonly bytes: Uint8Array;
  /** After `bytes`. */
  readonly zeros: number;
}

const lengthOf = ({ bytes, zeros }: Write): number => bytes.length + zeros;

function writeOf(bytes: Uint8Array, position: number): Write {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  if (bytes.length - end < COUNTED_ZEROS) end = bytes.length;
  return { kind: 'write', position, bytes: new Uint8Array(bytes.subarray(0, end)), zeros: bytes.length - end };
}

/** Of a write, what lies between these two of its bytes. */
function partOf({ bytes, position }: Write, from: number, to: number): Write {
  const part = bytes.subarray(from, to);
  return { kind: 'write', position: position + from, bytes: part, zeros: to - from - part.length };
}

/** A growable run of bytes. Copies share their memory until one of them changes. */
class Bytes {
  /** The first of them; all after these are zeros. */
  #bytes: Uint8Array;
  #length: number;
  #shared = false;

  constructor(bytes: Uint8Array = new Uint8Array(), length = bytes.length) {
    this.#bytes = bytes;
    this.#length = length;
  }

  get length(): number {
    return this.#length;
  }

  /** Only to be read. */
  view(): Uint8Array {
    this.#keep(this.#length);
    return this.#bytes.subarray(0, this.#length);
  }

  read(buffer: Uint8Array, position: number): number {
    const count = Math.max(0, Math.min(buffer.length, this.#length - position));
    const kept = this.#bytes.subarray(position, position + count);
    buffer.set(kept);
    buffer.fill(0, kept.length, count);
    return count;
  }

  copy(): Bytes {
    const copy = new Bytes(this.#bytes, this.#length);
    this.#shared = true;
    copy.#shared = true;
    return copy;
  }

  resize(length: number): void {
    if (length < this.#length) this.#zero(length, this.#length);
    this.#length = length;
  }

  write(write: Write): void {
    const { position, bytes } = write;
    const end = position + lengthOf(write);
    if (bytes.length > 0) {
      this.#keep(position + bytes.length);
      this.#own();
      this.#bytes.set(bytes, position);
    }
    this.#zero(position + bytes.length, end);
    this.#length = Math.max(this.#length, end);
  }

  set(position: number, byte: number): void {
    this.#keep(position + 1);
    this.#own();
    this.#bytes[position] = byte;
  }

  apply(change: Change): void {
    if (change.kind === 'write') this.write(change);
    else this.resize(change.length);
  }

  #keep(length: number): void {
    if (length <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(length, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#shared = false;
  }

  #zero(from: number, to: number): void {
    if (from >= Math.min(to, this.#bytes.length)) return;
    this.#own();
    this.#bytes.fill(0, from, to);
  }

  #own(): void {
    if (!this.#shared) return;
    this.#bytes = this.#bytes.slice();
    this.#shared = false;
  }
}

/** The content of one file: as programs see it, and as the disk holds it. */
export class FileContent {
  #seen = new Bytes();
  #durable = new Bytes();
  /** Changes that the disk does not hold yet, oldest first. */
  #unsynced: Change[] = [];
  /** How many changes a sync has written or given up. */
  #settled = 0;

  get length(): number {
    return this.#seen.length;
  }

  /** As programs see it; not a copy. */
  seen(): Uint8Array {
    return this.#seen.view();
  }

  /** As the disk holds it for certain; not a copy. */
  durable(): Uint8Array {
    return this.#durable.view();
  }

  read(buffer: Uint8Array, position: number): number {
    return this.#seen.read(buffer, position);
  }

  write(bytes: Uint8Array, position: number): void {
    this.#change(writeOf(bytes, position));
  }

  truncate(length: number): void {
    this.#change({ kind: 'truncate', length });
  }

  /** Changes so far: what a sync that begins now covers. */
  get changes(): number {
    return this.#settled + this.#unsynced.length;
  }

  /** The changes up to that number reach the disk. */
  sync(changes: number): void {
    for (const change of this.#settle(changes)) this.#durable.apply(change);
  }

  /**
   * A sync fails as on Linux (Rebello et al., "Can Applications Recover from fsync Failures?", ATC 2020): the pages count as
   * clean afterwards, so programs go on seeing them, and no later sync writes them.
   */
  failSync(changes: number): void {
    this.#settle(changes);
  }

  /** What is there when the power comes back. */
  crash(survival: Survival, random: SeededRandom): FileContent {
    const after = new FileContent();
    after.#durable = this.#durable.copy();
    for (const change of this.#survivors(survival, random)) after.#durable.apply(change);
    after.#seen = after.#durable.copy();
    return after;
  }

  /** Damages what programs see and what the disk holds, without any write. */
  damage(position: number, change: (byte: number) => number): void {
    for (const bytes of [this.#seen, this.#durable]) {
      if (position < bytes.length) bytes.set(position, change(bytes.view()[position] ?? 0));
    }
  }

  /** Syncs may overlap: what one has settled is no business of the next. */
  #settle(changes: number): readonly Change[] {
    const settled = this.#unsynced.splice(0, Math.max(0, changes - this.#settled));
    this.#settled += settled.length;
    return settled;
  }

  #change(change: Change): void {
    this.#seen.apply(change);
    this.#unsynced.push(change);
  }

  #survivors(survival: Survival, random: SeededRandom): readonly Change[] {
    if (survival === 'nothing') return [];
    if (survival === 'everything') return this.#unsynced;
    const count = random.integer(this.#unsynced.length + 1);
    switch (random.integer(4)) {
      case 0:
        return [];
      case 1:
        return this.#unsynced.slice(0, count);
      case 2:
        return this.#unsynced
          .slice(0, count + 1)
          .flatMap((change, index) => (index < count ? [change] : cutShort(change, random)));
      default:
        return this.#unsynced.flatMap((change) => someSectors(change, random));
    }
  }
}

/** The beginning of a write, or nothing of it. */
function cutShort(change: Change, random: SeededRandom): readonly Change[] {
  return change.kind === 'write' ? [partOf(change, 0, random.integer(lengthOf(change) + 1))] : [];
}

/** Each sector of a write is there or not; where a later one is there, those before it that are not read as zeros. */
function someSectors(change: Change, random: SeededRandom): readonly Change[] {
  if (change.kind === 'truncate') return random.chance(0.5) ? [change] : [];
  const parts: Change[] = [];
  const length = lengthOf(change);
  for (let from = 0; from < length; ) {
    const nextSector = (Math.floor((change.position + from) / SECTOR_BYTES) + 1) * SECTOR_BYTES;
    const to = Math.min(length, nextSector - change.position);
    if (random.chance(0.5)) parts.push(partOf(change, from, to));
    from = to;
  }
  return parts;
}

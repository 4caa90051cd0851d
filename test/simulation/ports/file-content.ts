import type { SeededRandom } from './random.js';

export const SECTOR_BYTES = 512;

/** What of unsynced things is there after the power came back. */
export type Survival = 'nothing' | 'everything' | 'random';

type Change =
  | { readonly kind: 'write'; readonly bytes: Uint8Array; readonly position: number }
  | { readonly kind: 'truncate'; readonly length: number };

/** A growable run of bytes. Copies share their memory until one of them changes. */
class Bytes {
  #bytes: Uint8Array;
  #length: number;
  #shared = false;

  constructor(bytes: Uint8Array = new Uint8Array()) {
    this.#bytes = bytes;
    this.#length = bytes.length;
  }

  get length(): number {
    return this.#length;
  }

  /** Only to be read. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  copy(): Bytes {
    const copy = new Bytes(this.view());
    this.#shared = true;
    copy.#shared = true;
    return copy;
  }

  resize(length: number): void {
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.#bytes.length * 2));
      larger.set(this.view());
      this.#bytes = larger;
      this.#shared = false;
    }
    if (length < this.#length) {
      this.#own();
      this.#bytes.fill(0, length, this.#length);
    }
    this.#length = length;
  }

  write(bytes: Uint8Array, position: number): void {
    if (position + bytes.length > this.#length) this.resize(position + bytes.length);
    this.#own();
    this.#bytes.set(bytes, position);
  }

  set(position: number, byte: number): void {
    this.#own();
    this.#bytes[position] = byte;
  }

  apply(change: Change): void {
    if (change.kind === 'write') this.write(change.bytes, change.position);
    else this.resize(change.length);
  }

  #own(): void {
    if (!this.#shared) return;
    this.#bytes = this.view().slice();
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
    const part = this.#seen.view().subarray(position, position + buffer.length);
    buffer.set(part);
    return part.length;
  }

  write(bytes: Uint8Array, position: number): void {
    this.#change({ kind: 'write', bytes: new Uint8Array(bytes), position });
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
  if (change.kind === 'truncate') return [];
  return [{ ...change, bytes: change.bytes.subarray(0, random.integer(change.bytes.length + 1)) }];
}

/** Each sector of a write is there or not; where a later one is there, those before it that are not read as zeros. */
function someSectors(change: Change, random: SeededRandom): readonly Change[] {
  if (change.kind === 'truncate') return random.chance(0.5) ? [change] : [];
  const parts: Change[] = [];
  const end = change.position + change.bytes.length;
  for (let position = change.position; position < end; ) {
    const next = Math.min(end, (Math.floor(position / SECTOR_BYTES) + 1) * SECTOR_BYTES);
    const bytes = change.bytes.subarray(position - change.position, next - change.position);
    if (random.chance(0.5)) parts.push({ kind: 'write', bytes, position });
    position = next;
  }
  return parts;
}

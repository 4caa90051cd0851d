import { assert, LIMITS } from '../../base/index.js';

/** Words before an entry's key: its size in words, the hash of its key, the entry after it in its bucket, lengths, flags. */
const HEADER_WORDS = 6;
const SIZE = 0;
const HASH = 1;
const NEXT = 2;
const KEY_LENGTH = 3;
const VALUE_LENGTH = 4;
const FLAGS = 5;

const ALIVE = 1;
const USED = 2;
const ABSENT = 4;

/** A bucket for so many bytes of entries. */
const BYTES_PER_BUCKET = 256;
const BUCKET_BYTES = 4;
/** An entry that was used since it was written gets a second chance; at most so many at a time, so that no `set` takes long. */
const SECOND_CHANCES = 256;
/** A larger entry would push out too much at once. */
const LARGEST_PART = 8;

const NO_WORDS = new Int32Array(0);
const NO_BYTES = new Uint8Array(0);

interface Entry {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/**
 * Encoded rows by key, in one block of memory: what it holds costs no objects, the collector never looks at it, and its bound is
 * exact. The block begins small and is replaced by one of twice the size when it is full, up to the limit. Then it is a ring: the
 * oldest entries make room, those used meanwhile are written again. Also remembers which rows are not there. Everything in it
 * can be read again from the store.
 */
export class RowCache {
  readonly limitBytes: number;
  #sizeBytes: number;
  #capacity = 0;
  #words = NO_WORDS;
  #bytes = NO_BYTES;
  /** Offset in words plus one of the newest entry of each bucket; 0: none. */
  #buckets = NO_WORDS;
  /** Words ever written and ever evicted; their difference is what is held. */
  #head = 0;
  #tail = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
    this.#sizeBytes = Math.min(limitBytes, LIMITS.viewCacheStartBytes);
    this.#allocate();
  }

  /** Bytes in use, the table of buckets included; the block takes up to twice as much until it has its full size. */
  get usedBytes(): number {
    return (this.#head - this.#tail) * 4 + this.#buckets.length * BUCKET_BYTES;
  }

  /** Null: known to be absent. Undefined: not in the cache. The bytes are valid until the next `set`. */
  get(key: string): Uint8Array | null | undefined {
    const at = this.#find(key, hashOf(key));
    if (at < 0) return undefined;
    const flags = this.#word(at + FLAGS);
    this.#words[at + FLAGS] = flags | USED;
    if ((flags & ABSENT) !== 0) return null;
    const start = (at + HEADER_WORDS) * 4 + this.#word(at + KEY_LENGTH);
    return this.#bytes.subarray(start, start + this.#word(at + VALUE_LENGTH));
  }

  /** Copies the bytes; null: the row is known to be absent. An entry too large for the cache is forgotten. */
  set(key: string, value: Uint8Array | null): void {
    const hash = hashOf(key);
    const old = this.#find(key, hash);
    if (old >= 0) this.#drop(old);
    const rescued: Entry[] = [];
    if (!this.#write({ key, value }, hash, rescued)) return;
    // The list grows as those written again push out others that were used too.
    for (const entry of rescued) this.#write(entry, hashOf(entry.key), rescued);
  }

  /** False for an entry that is too large. What is pushed out and was used is added to `rescued`. */
  #write({ key, value }: Entry, hash: number, rescued: Entry[]): boolean {
    const valueLength = value?.length ?? 0;
    const size = HEADER_WORDS + Math.ceil((key.length + valueLength) / 4);
    while (this.#sizeBytes < this.limitBytes && this.#isFullFor(size)) this.#grow();
    if (size > this.#capacity / LARGEST_PART) return false;
    const at = this.#reserve(size, rescued);
    const bucket = this.#bucketOf(hash);
    this.#words[at + SIZE] = size;
    this.#words[at + HASH] = hash;
    this.#words[at + NEXT] = this.#buckets[bucket] ?? 0;
    this.#words[at + KEY_LENGTH] = key.length;
    this.#words[at + VALUE_LENGTH] = valueLength;
    this.#words[at + FLAGS] = value === null ? ALIVE | ABSENT : ALIVE;
    this.#buckets[bucket] = at + 1;
    let offset = (at + HEADER_WORDS) * 4;
    for (let index = 0; index < key.length; index += 1) {
      this.#bytes[offset] = key.charCodeAt(index);
      offset += 1;
    }
    if (value !== null) this.#bytes.set(value, offset);
    return true;
  }

  #isFullFor(size: number): boolean {
    const rest = this.#capacity - (this.#head % this.#capacity);
    const needed = rest < size ? rest + size : size;
    return size > this.#capacity / LARGEST_PART || this.#head - this.#tail + needed > this.#capacity;
  }

  #allocate(): void {
    const buckets = Math.max(1, Math.floor(this.#sizeBytes / (BYTES_PER_BUCKET + BUCKET_BYTES)));
    this.#buckets = new Int32Array(buckets);
    this.#capacity = Math.max(HEADER_WORDS * LARGEST_PART, Math.floor((this.#sizeBytes - buckets * BUCKET_BYTES) / 4));
    const memory = new ArrayBuffer(this.#capacity * 4);
    this.#words = new Int32Array(memory);
    this.#bytes = new Uint8Array(memory);
    this.#head = 0;
    this.#tail = 0;
  }

  /** A block of twice the size, with the entries in their order and what is known of their use. */
  #grow(): void {
    const words = this.#words;
    const [first, end, capacity] = [this.#tail, this.#head, this.#capacity];
    this.#sizeBytes = Math.min(this.limitBytes, this.#sizeBytes * 2);
    this.#allocate();
    for (let from = first; from < end; ) {
      const at = from % capacity;
      const size = words[at + SIZE] ?? 0;
      assert(size > 0, 'the row cache lost count of its entries');
      if (size > FLAGS && ((words[at + FLAGS] ?? 0) & ALIVE) !== 0) this.#adopt(words.subarray(at, at + size));
      from += size;
    }
  }

  /** Puts an entry of the block before at the end of this one, which has room for it. */
  #adopt(entry: Int32Array): void {
    const at = this.#head;
    const bucket = this.#bucketOf(entry[HASH] ?? 0);
    this.#words.set(entry, at);
    this.#words[at + NEXT] = this.#buckets[bucket] ?? 0;
    this.#buckets[bucket] = at + 1;
    this.#head += entry.length;
  }

  /** Room for `size` words in one piece. */
  #reserve(size: number, rescued: Entry[]): number {
    const rest = this.#capacity - (this.#head % this.#capacity);
    if (rest < size) {
      this.#makeRoom(rest, rescued);
      const filler = this.#head % this.#capacity;
      this.#words[filler + SIZE] = rest;
      // A rest may be shorter than a header: only its size is ever read unless it has room for the flags.
      if (rest > FLAGS) this.#words[filler + FLAGS] = 0;
      this.#head += rest;
    }
    this.#makeRoom(size, rescued);
    const at = this.#head % this.#capacity;
    this.#head += size;
    return at;
  }

  #makeRoom(words: number, rescued: Entry[]): void {
    while (this.#head - this.#tail + words > this.#capacity) {
      const at = this.#tail % this.#capacity;
      const size = this.#word(at + SIZE);
      assert(size > 0, 'the row cache lost count of its entries');
      const flags = size > FLAGS ? this.#word(at + FLAGS) : 0;
      if ((flags & ALIVE) !== 0) {
        if ((flags & USED) !== 0 && rescued.length < SECOND_CHANCES) rescued.push(this.#entryAt(at));
        this.#drop(at);
      }
      this.#tail += size;
    }
  }

  #entryAt(at: number): Entry {
    const start = (at + HEADER_WORDS) * 4;
    const end = start + this.#word(at + KEY_LENGTH);
    const absent = (this.#word(at + FLAGS) & ABSENT) !== 0;
    return {
      key: String.fromCharCode(...this.#bytes.subarray(start, end)),
      value: absent ? null : this.#bytes.slice(end, end + this.#word(at + VALUE_LENGTH)),
    };
  }

  #find(key: string, hash: number): number {
    let at = (this.#buckets[this.#bucketOf(hash)] ?? 0) - 1;
    while (at >= 0 && !(this.#word(at + HASH) === hash && this.#hasKey(at, key))) at = this.#word(at + NEXT) - 1;
    return at;
  }

  #hasKey(at: number, key: string): boolean {
    if (this.#word(at + KEY_LENGTH) !== key.length) return false;
    const start = (at + HEADER_WORDS) * 4;
    for (let index = 0; index < key.length; index += 1) {
      if (this.#bytes[start + index] !== key.charCodeAt(index)) return false;
    }
    return true;
  }

  /** Takes the entry out of its bucket; its room comes back when the ring gets there. */
  #drop(at: number): void {
    this.#words[at + FLAGS] = 0;
    const bucket = this.#bucketOf(this.#word(at + HASH));
    const next = this.#word(at + NEXT);
    let before = (this.#buckets[bucket] ?? 0) - 1;
    if (before === at) {
      this.#buckets[bucket] = next;
      return;
    }
    while (this.#word(before + NEXT) - 1 !== at) before = this.#word(before + NEXT) - 1;
    this.#words[before + NEXT] = next;
  }

  #bucketOf(hash: number): number {
    return (hash >>> 0) % this.#buckets.length;
  }

  #word(index: number): number {
    return this.#words[index] ?? 0;
  }
}

/** FNV-1a, mixed so that short keys spread too. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

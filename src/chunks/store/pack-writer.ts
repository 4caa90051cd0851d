import { assert, LIMITS } from '../../base/index.js';
import type { FileHandle, FileSystem, Logger } from '../../ports/index.js';
import { numbersOf, PAGE_BYTES, padToPage, type StoreLayout } from './layout.js';
import { encodePackHeader, encodeRecordHeader, isPackHeader, RECORD_HEADER_BYTES, type PackRecord } from './pack-record.js';

interface OpenPack {
  readonly number: number;
  readonly handle: FileHandle;
  /** Where the next batch goes; a whole number of pages. */
  end: number;
  syncedEnd: number;
}

interface Batch {
  readonly buffer: Uint8Array;
  used: number;
  /** Where the batch came to lie; rejects with the FileSystemError of its write. */
  readonly written: Promise<{ readonly pack: number; readonly start: number }>;
  readonly settle: (outcome: { readonly pack: number; readonly start: number } | Error) => void;
}

/**
 * Appends small chunks to packs. What is put while a batch is being written makes up the next batch; a batch begins on a
 * page of its own, so that no write ever touches bytes that were synced before.
 */
export class PackWriter {
  readonly #fileSystem: FileSystem;
  readonly #layout: StoreLayout;
  readonly #logger: Logger;
  readonly #packBytes: number;
  readonly #suspects: Set<number>;
  /** Two buffers, made when first needed: one is filled while the other is written. */
  readonly #spare: Uint8Array[] = [];
  #filling: Batch | undefined;
  #writing: Promise<void> | undefined;
  #current: OpenPack | undefined;
  readonly #full: OpenPack[] = [];
  #folderUnsynced = false;
  #lastNumber: number;

  private constructor(
    fileSystem: FileSystem,
    layout: StoreLayout,
    logger: Logger,
    lastNumber: number,
    packBytes: number,
    suspects: Set<number>,
  ) {
    this.#fileSystem = fileSystem;
    this.#layout = layout;
    this.#logger = logger;
    this.#lastNumber = lastNumber;
    this.#packBytes = packBytes;
    this.#suspects = suspects;
  }

  /** Goes on behind the last pack's end, wherever a crash left that. */
  static async open(
    fileSystem: FileSystem,
    layout: StoreLayout,
    logger: Logger,
    packBytes: number,
    suspects: Set<number>,
  ): Promise<PackWriter> {
    const numbers = numbersOf(await fileSystem.readDirectory(layout.packs), 'pack');
    const last = numbers.at(-1) ?? 0;
    const writer = new PackWriter(fileSystem, layout, logger, last, packBytes, suspects);
    try {
      if (last > 0) await writer.#reopen(last);
    } catch (error) {
      // A pack that cannot be written to is left alone; whether the next one can shows when it is needed.
      logger.warn('the last pack is not continued', { pack: last, error });
    }
    return writer;
  }

  async #reopen(number: number): Promise<void> {
    const path = this.#layout.packFile(number);
    const { bytes } = await this.#fileSystem.stat(path);
    if (bytes < PAGE_BYTES || bytes >= this.#packBytes) return;
    const handle = await this.#fileSystem.open(path, 'read-write', { direct: true });
    const page = this.#fileSystem.alignedBuffer(PAGE_BYTES);
    await handle.read(page, 0);
    if (isPackHeader(page, number)) this.#current = { number, handle, end: padToPage(bytes), syncedEnd: 0 };
    else await handle.close();
  }

  /** Resolves when the bytes (copied at once) were written, not synced. Rejects with the FileSystemError of the write. */
  async append(record: PackRecord, bytes: Uint8Array): Promise<{ readonly pack: number; readonly offset: number }> {
    assert(bytes.length === record.lengthBytes, 'a record has the length it names');
    const room = RECORD_HEADER_BYTES + bytes.length;
    let batch = this.#batch();
    while (batch.used + room > batch.buffer.length) {
      await Promise.allSettled([batch.written]);
      batch = this.#batch();
    }
    const offset = batch.used;
    encodeRecordHeader(batch.buffer, offset, record);
    batch.buffer.set(bytes, offset + RECORD_HEADER_BYTES);
    batch.used += room;
    this.#writing ??= this.#writeBatches();
    const place = await batch.written;
    return { pack: place.pack, offset: place.start + offset };
  }

  #batch(): Batch {
    this.#filling ??= newBatch(this.#spare.pop() ?? this.#fileSystem.alignedBuffer(LIMITS.packBatchBytes));
    return this.#filling;
  }

  async #writeBatches(): Promise<void> {
    // What arrives in the same turn belongs in the first batch already.
    await Promise.resolve();
    for (let batch = this.#filling; batch !== undefined; batch = this.#filling) {
      this.#filling = undefined;
      try {
        batch.settle(await this.#write(batch));
      } catch (error) {
        batch.settle(error instanceof Error ? error : new Error(String(error)));
      }
      this.#spare.push(batch.buffer);
    }
    this.#writing = undefined;
  }

  async #write(batch: Batch): Promise<{ readonly pack: number; readonly start: number }> {
    const bytes = padToPage(batch.used);
    const pack = await this.#packWithRoom(bytes);
    const start = pack.end;
    batch.buffer.fill(0, batch.used, bytes);
    try {
      await pack.handle.write(batch.buffer.subarray(0, bytes), start);
    } catch (error) {
      await this.#cutBack(pack);
      throw error;
    }
    pack.end = start + bytes;
    return { pack: pack.number, start };
  }

  async #packWithRoom(bytes: number): Promise<OpenPack> {
    const current = this.#current;
    if (current !== undefined && current.end + bytes <= this.#packBytes) return current;
    const next = await this.#create();
    if (current !== undefined) this.#full.push(current);
    this.#current = next;
    return next;
  }

  async #create(): Promise<OpenPack> {
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    const handle = await this.#fileSystem.open(this.#layout.packFile(number), 'create-new', { direct: true });
    const page = this.#fileSystem.alignedBuffer(PAGE_BYTES);
    encodePackHeader(page, number);
    try {
      await handle.write(page, 0);
    } catch (error) {
      await handle.close();
      throw error;
    }
    this.#folderUnsynced = true;
    return { number, handle, end: PAGE_BYTES, syncedEnd: 0 };
  }

  /** Gives back the room of a batch that was written in part. */
  async #cutBack(pack: OpenPack): Promise<void> {
    try {
      await pack.handle.truncate(pack.end);
    } catch (error) {
      // The rest lies where the next batch is written, or in a pack that is left alone.
      this.#logger.warn('part of a batch stays in a pack', { pack: pack.number, error });
    }
  }

  /** Makes everything that `append` resolved for before this call durable. After a failure call `abandonUnsynced`. */
  async sync(): Promise<void> {
    const full = this.#full.splice(0);
    const current = this.#current;
    const folderUnsynced = this.#folderUnsynced;
    this.#folderUnsynced = false;
    const open = current === undefined ? full : [...full, current];
    await Promise.all([
      ...open.map((pack) => syncPack(pack)),
      ...(folderUnsynced ? [this.#fileSystem.syncDirectory(this.#layout.packs)] : []),
    ]);
    await Promise.all(full.map((pack) => pack.handle.close()));
  }

  /**
   * After a failed write or sync: no further byte goes into the packs that are open (they become suspects), and the next
   * goes into a new one.
   */
  async abandonUnsynced(): Promise<void> {
    for (const pack of await this.#takeOpen()) {
      this.#suspects.add(pack.number);
      await this.#close(pack);
    }
  }

  async close(): Promise<void> {
    for (const pack of await this.#takeOpen()) await this.#close(pack);
  }

  async #takeOpen(): Promise<readonly OpenPack[]> {
    await this.#writing;
    const packs = this.#full.splice(0);
    if (this.#current !== undefined) packs.push(this.#current);
    this.#current = undefined;
    return packs;
  }

  async #close(pack: OpenPack): Promise<void> {
    try {
      await pack.handle.close();
    } catch (error) {
      this.#logger.warn('a pack could not be closed', { pack: pack.number, error });
    }
  }
}

async function syncPack(pack: OpenPack): Promise<void> {
  const { end } = pack;
  if (end === pack.syncedEnd) return;
  await pack.handle.sync();
  pack.syncedEnd = end;
}

function newBatch(buffer: Uint8Array): Batch {
  let settle: Batch['settle'] = () => undefined;
  const written = new Promise<{ readonly pack: number; readonly start: number }>((resolve, reject) => {
    settle = (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome));
  });
  return { buffer, used: 0, written, settle };
}

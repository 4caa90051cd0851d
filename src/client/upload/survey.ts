import { LIMITS } from '../../base/index.js';
import { chunkIdOf, isAllZero, type ChunkEntry } from '../../chunks/index.js';
import type { Hasher } from '../../ports/index.js';
import type { FilesCalls } from '../calls/files-calls.js';
import { ChunkArena } from '../flow/chunk-arena.js';
import { fileProblem } from '../local/file-problem.js';
import { readFileInto } from './file-reading.js';
import type { UploadItem } from './upload-item.js';

export interface SurveyOptions {
  readonly calls: FilesCalls;
  readonly hasher: Hasher;
  readonly allocate: (bytes: number) => Uint8Array;
  readonly uploadId: string;
  readonly copies: number;
}

const BUFFERS = 2;
/** When nothing of so much is held, the rest is taken to be new as well. */
const SAMPLE_BYTES = 256 * 1024 * 1024;

/** Finds out how much of some files the nodes do not hold yet, by reading them and sending nothing. */
export class Survey {
  readonly #options: SurveyOptions;
  #batch = new Map<string, ChunkEntry>();
  #readBytes = 0;
  #missingCopyBytes = 0;
  #anyHeld = false;

  constructor(options: SurveyOptions) {
    this.#options = options;
  }

  /** In bytes of the files, as OpenUpload counts; undefined as soon as all of it seems to be new. Errors: those of PlaceChunks. */
  async missingBytes(items: AsyncIterable<UploadItem>, signal: AbortSignal): Promise<number | undefined> {
    const arena = new ChunkArena({ slabs: BUFFERS, allocate: this.#options.allocate });
    for await (const item of items) {
      if (item.kind === 'file') await this.#read(item, arena, signal);
      if (this.#batch.size >= LIMITS.chunksPerCall) await this.#ask(signal);
      if (!this.#anyHeld && this.#readBytes >= SAMPLE_BYTES) return undefined;
    }
    await this.#ask(signal);
    return Math.ceil(this.#missingCopyBytes / this.#options.copies);
  }

  async #read(item: UploadItem & { readonly kind: 'file' }, arena: ChunkArena, signal: AbortSignal): Promise<void> {
    const chunks: ChunkEntry[] = [];
    const sink = {
      add: (_offset: number, lease: { readonly bytes: Uint8Array; release(): void }): void => {
        const { bytes } = lease;
        if (!isAllZero(bytes)) chunks.push({ chunkId: chunkIdOf(this.#options.hasher, bytes), lengthBytes: bytes.length });
        lease.release();
      },
    };
    try {
      const reader = await item.open();
      try {
        await readFileInto(item.source, reader, arena, sink, signal);
      } finally {
        await reader.close();
      }
    } catch (thrown) {
      // The upload itself will say what is wrong with it.
      if (fileProblem(thrown, item.source) === undefined) throw thrown;
    }
    for (const chunk of chunks) {
      this.#batch.set(chunk.chunkId, chunk);
      this.#readBytes += chunk.lengthBytes;
      if (this.#batch.size >= LIMITS.chunksPerCall) await this.#ask(signal);
    }
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const chunks = [...this.#batch.values()];
    this.#batch = new Map();
    if (chunks.length === 0) return;
    const { calls, uploadId, copies } = this.#options;
    const { placements } = await calls.placeChunks({ uploadId, chunks, avoidNodeIds: [] }, signal);
    chunks.forEach(({ lengthBytes }, index) => {
      const held = placements[index]?.heldBy.length ?? 0;
      if (held > 0) this.#anyHeld = true;
      this.#missingCopyBytes += Math.max(0, copies - held) * lengthBytes;
    });
  }
}

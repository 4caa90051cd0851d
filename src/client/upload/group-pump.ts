import { LIMITS } from '../../base/index.js';
import { chunkIdOf, isAllZero } from '../../chunks/index.js';
import type { Hasher } from '../../ports/index.js';
import type { Lease } from '../flow/chunk-arena.js';
import { Permits } from '../flow/permits.js';
import type { TaskGroup } from '../flow/task-group.js';
import { ChunkGroup } from './chunk-group.js';
import type { ChunkStorer, StoredChunks } from './chunk-storer.js';
import type { Committer } from './committer.js';
import type { FileInUpload } from './file-in-upload.js';
import type { TransferTally } from './transfer-tally.js';

const NOTHING: StoredChunks = { receipts: [], knownBytes: 0 };

export interface GroupPumpOptions {
  readonly hasher: Hasher;
  readonly storer: ChunkStorer;
  readonly committer: Committer;
  readonly tally: TransferTally;
  readonly tasks: TaskGroup;
}

/**
 * Gathers what is read into groups, stores several groups at once, and commits them in the order in which they were filled. A
 * group ends when it is full, when the memory is, or when there is nothing more.
 */
export class GroupPump {
  readonly #options: GroupPumpOptions;
  readonly #storing = new Permits(LIMITS.uploadGroupsInFlight);
  /** Small files take little memory, so what waits is bounded here too. */
  readonly #room = new Permits(LIMITS.uploadGroupsInFlight * 2);
  #current = new ChunkGroup();
  #lastCommit: Promise<void> = Promise.resolve();
  /** Of chunks that came more than once in one group. */
  repeatedBytes = 0;

  constructor(options: GroupPumpOptions) {
    this.#options = options;
  }

  /** Waits while too many groups do. */
  async ready(): Promise<void> {
    await this.#room.run(1, this.#options.tasks.signal, () => Promise.resolve());
  }

  /** The bytes of the lease as the file's next; the lease is the pump's from now on. */
  add(file: FileInUpload, offsetBytes: number, lease: Lease): void {
    const { hasher, tally } = this.#options;
    const lengthBytes = lease.bytes.length;
    if (isAllZero(lease.bytes)) {
      lease.release();
      this.#current.addHole(file, offsetBytes, lengthBytes);
      tally.holeBytes += lengthBytes;
      tally.progressed(lengthBytes, lengthBytes);
    } else {
      const chunkId = chunkIdOf(hasher, lease.bytes);
      if (!this.#current.addChunk(file, offsetBytes, { chunkId, lengthBytes, lease })) {
        lease.release();
        this.repeatedBytes += lengthBytes;
        tally.progressed(lengthBytes, lengthBytes);
      }
    }
    if (this.#current.full) this.flush();
  }

  /** All of the file was added; its `content` is set. */
  finish(file: FileInUpload): void {
    this.#current.finish(file);
    if (this.#current.full) this.flush();
  }

  /** Sends what was gathered so far. */
  flush(): void {
    if (this.#current.empty) return;
    const group = this.#current;
    this.#current = new ChunkGroup();
    const before = this.#lastCommit;
    this.#lastCommit = new Promise((resolve) => {
      this.#options.tasks.spawn(async () => {
        try {
          await this.#room.run(1, this.#options.tasks.signal, () => this.#process(group, before));
        } finally {
          group.release();
          resolve();
        }
      });
    });
  }

  async #process(group: ChunkGroup, before: Promise<void>): Promise<void> {
    const { storer, committer, tally, tasks } = this.#options;
    const chunks = [...group.chunks.values()];
    const { receipts, knownBytes } =
      chunks.length === 0 ? NOTHING : await this.#storing.run(1, tasks.signal, () => storer.store(chunks, tasks.signal));
    group.release();
    tally.progressed(
      chunks.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
      knownBytes,
    );
    // Side by side with the groups before: who is killed from here on need not send these chunks again.
    if (group.unfinished) await Promise.all([before, committer.note(receipts, tasks.signal)]);
    else await before;
    await committer.commit(group, receipts, tasks.signal);
  }
}

import type { ChunkId, MemberId } from '../../../src/base/index.js';
import type { ChunkEntry, ChunkStore } from '../../../src/chunks/index.js';
import {
  SimFileSystem,
  type SimFileSystemOptions,
  SimKeyValueStores,
  SimTime,
  type Survival,
} from '../../simulation/ports/index.js';
import { ALICE, BOB, bytesOf, commit, entryOf, type Holder, never, OTHER_UPLOAD, put, StoreFixture, UPLOAD } from './fixture.js';

interface Step {
  readonly holder: Required<Holder>;
  readonly contents: readonly Uint8Array[];
}

const small = [bytesOf(700, 1), bytesOf(5000, 2), bytesOf(64 * 1024, 3)];
const large = [bytesOf(70_000, 4), bytesOf(140_000, 5)];
const alice = { origin: ALICE, uploadId: UPLOAD };

/** Puts of every kind: new, repeated, of two origins, side by side. Packs and journal roll over in it. */
const STEPS: readonly Step[] = [
  { holder: alice, contents: [...small.slice(0, 2), ...large.slice(0, 1)] },
  { holder: { origin: BOB, uploadId: UPLOAD }, contents: [...small.slice(1), ...large] },
  { holder: { ...alice, uploadId: OTHER_UPLOAD }, contents: [...small, ...large] },
  { holder: alice, contents: Array.from({ length: 5 }, (_, seed) => bytesOf(30_000 + seed, 10 + seed)) },
];

/** A store on a simulated disk, the steps tried on it, and those that were acknowledged. */
export class Trial {
  readonly acknowledged: Step[] = [];
  readonly refusals: unknown[] = [];
  disk: SimFileSystem;
  readonly rows = new SimKeyValueStores();
  readonly fixture: StoreFixture;

  private constructor(disk: SimFileSystem, time: SimTime) {
    this.disk = disk;
    this.fixture = new StoreFixture('/store', disk, this.rows, { packBytes: 128 * 1024, journalSegmentBytes: 3 * 4096 }, time);
  }

  /** With `latencyMs`, operations of the disk overtake each other, and what uses it runs inside `fixture.time.run`. */
  static async start(
    options: SimFileSystemOptions = {},
    time = new SimTime(),
  ): Promise<{ readonly trial: Trial; readonly store: ChunkStore }> {
    const disk = new SimFileSystem({ ...options, time });
    await disk.makeDirectory('/store');
    await disk.syncDirectory('/');
    const trial = new Trial(disk, time);
    await trial.fixture.create();
    return { trial, store: await trial.fixture.open() };
  }

  /** Tries every step; a refused one counts as not done. */
  async run(store: ChunkStore): Promise<void> {
    for (const step of STEPS) await this.#try(store, step);
  }

  /** Tries every step several times, all side by side. */
  async runSideBySide(store: ChunkStore, times: number): Promise<void> {
    const steps = Array.from({ length: times }, () => STEPS).flat();
    await Promise.all(steps.map((step) => this.#try(store, step)));
  }

  async #try(store: ChunkStore, step: Step): Promise<void> {
    try {
      const entries = await Promise.all(step.contents.map((bytes) => put(store, bytes, step.holder)));
      await commit(store, entries, step.holder);
      this.acknowledged.push(step);
    } catch (refusal) {
      this.refusals.push(refusal);
    }
  }

  /** The power goes and comes back. */
  async crash(survival: Survival): Promise<ChunkStore> {
    this.disk = this.disk.crash(survival);
    this.rows.powerLoss(survival);
    this.fixture.fileSystem = this.disk;
    return this.fixture.open();
  }

  /** The process dies and is started again. */
  async kill(): Promise<ChunkStore> {
    this.disk = this.disk.killProcess();
    this.rows.killProcess();
    this.fixture.fileSystem = this.disk;
    return this.fixture.open();
  }

  /**
   * What is wrong, none if nothing: what was acknowledged is held and whole; what is said to be held is whole, acknowledged
   * or not.
   */
  async problems(store: ChunkStore): Promise<readonly string[]> {
    const problems: string[] = [];
    for (const { holder, contents } of this.acknowledged) {
      const held = await store.held(holder.origin, holder.uploadId, contents.map(entryOf));
      held.forEach((one, at) => {
        if (!one) problems.push(`acknowledged chunk ${at} of ${holder.uploadId} is lost`);
      });
    }
    for (const { chunkId, origin, bytes } of await this.held(store)) {
      const found = await store.read(origin, chunkId, never);
      if (Buffer.compare(found.bytes, bytes) !== 0) problems.push(`held chunk ${chunkId} has other bytes`);
      found.release();
    }
    return problems;
  }

  /** Of all that was tried, what the store says it holds. */
  async held(
    store: ChunkStore,
  ): Promise<readonly { readonly chunkId: ChunkId; readonly origin: MemberId; readonly bytes: Uint8Array }[]> {
    const found: { chunkId: ChunkId; origin: MemberId; bytes: Uint8Array }[] = [];
    for (const { holder, contents } of STEPS) {
      const entries: readonly ChunkEntry[] = contents.map(entryOf);
      const held = await store.held(holder.origin, FRESH_UPLOAD, entries);
      contents.forEach((bytes, at) => {
        const entry = entries[at];
        if (held[at] === true && entry !== undefined) found.push({ chunkId: entry.chunkId, origin: holder.origin, bytes });
      });
    }
    return found;
  }
}

const FRESH_UPLOAD = OTHER_UPLOAD.replace('v', 'w') as typeof OTHER_UPLOAD;
export const STEP_COUNT = STEPS.length;

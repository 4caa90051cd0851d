import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ROOT_FILE_ID } from '../../../src/base/index.js';
import { decideMakeDirectory, decideRemoveEntry } from '../../../src/domain/index.js';
import type { KeyRange, KeyValueOperation, KeyValueStore } from '../../../src/ports/index.js';
import type { Views } from '../../../src/projections/index.js';
import { SeededRandom } from '../../simulation/ports/index.js';
import { contextAt } from './random-log.js';
import { AT, openHost, openStore, stateHashes, World } from './support.js';

/** Answers late, and in another order than it was asked. */
class SlowStore implements KeyValueStore {
  readonly #store: KeyValueStore;
  readonly #random: SeededRandom;

  constructor(store: KeyValueStore, random: SeededRandom) {
    this.#store = store;
    this.#random = random;
  }

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    await this.#wait();
    const values = await this.#store.getMany(keys);
    await this.#wait();
    return values;
  }

  async batch(operations: readonly KeyValueOperation[]): Promise<void> {
    await this.#wait();
    await this.#store.batch(operations);
    await this.#wait();
  }

  async *entries(range: KeyRange, signal?: AbortSignal): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    const entries = this.#store.entries(range, signal);
    await this.#wait();
    for await (const entry of entries) yield entry;
    await this.#wait();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async #wait(): Promise<void> {
    for (let turns = this.#random.integer(6); turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** What has to hold in any state that anybody may see. */
function contradictions({ namespace }: Views): readonly string[] {
  const root = namespace.file(ROOT_FILE_ID);
  const listed = namespace.entries(ROOT_FILE_ID, undefined, 100).rows.map(([[, name]]) => name);
  const found = NAMES.filter((name) => namespace.entry(ROOT_FILE_ID, name) !== undefined);
  const rows = found.filter((name) => namespace.file(namespace.walk([name]).fileId)?.removed === false);
  const counts = [listed.length, found.length, rows.length, root?.childCount, root?.below.directories];
  return new Set(counts).size === 1 ? [] : [`${counts.join(' ')}: ${listed.join('')} ${found.join('')}`];
}

test('whoever reads while blocks are made, given up and flushed sees one durable state, whole', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async (seed) => {
      const random = new SeededRandom(seed);
      const host = await openHost({ store: new SlowStore(await openStore(), random.fork('store')), cacheBytes: 1500 });
      const world = await World.over(host);
      let writing = true;
      const flushes = async (): Promise<void> => {
        while (writing) {
          await host.flush();
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const problems: string[] = [];
      const reads = async (): Promise<void> => {
        while (writing) problems.push(...(await host.run(contradictions)));
      };
      const writes = async (): Promise<void> => {
        for (let block = 0; block < 12; block += 1) {
          for (let command = random.integer(4); command >= 0; command -= 1) await toggle(world, random.pick(['a', ...NAMES]));
          if (random.chance(0.3)) {
            host.discardPending();
            world.chronicle.events.length = host.position().sequence;
          } else host.commitPending();
        }
        writing = false;
      };
      await Promise.all([writes(), flushes(), reads(), reads()]);
      expect(problems).toEqual([]);
      const twin = await openHost();
      await twin.apply(world.chronicle.events);
      expect(await stateHashes(host)).toEqual(await stateHashes(twin));
      expect((await host.verify()).every(({ whole }) => whole)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

/** Makes the directory, or removes it if it is there: in the block that is being made. */
async function toggle(world: World, name: string): Promise<void> {
  const transacted = await world.host.transact({
    decide: ({ namespace }, next) => {
      const names = [name];
      const decided =
        namespace.walk(names).found === 0
          ? decideMakeDirectory(
              { names, mode: 0o755, modified: AT, makeParents: false, existOk: false },
              namespace,
              contextAt(next),
            )
          : decideRemoveEntry({ names, recursive: false, expectedVersion: undefined }, namespace);
      if (!decided.ok) return decided;
      const drafts = decided.value.map(
        (event) => ({ event, actor: 'coordinator', request: undefined, cause: undefined }) as const,
      );
      return { ok: true, value: { drafts, value: undefined } };
    },
    record: (drafts) => world.chronicle.add(drafts.map(({ event }) => event)),
  });
  expect(transacted.ok).toBe(true);
}

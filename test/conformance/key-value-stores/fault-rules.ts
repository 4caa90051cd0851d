import { expect } from 'vitest';
import type { KeyValueStore } from '../../../src/ports/index.js';
import { failureOf, told } from '../../support/failures.js';
import type { Rule } from '../../support/rules.js';
import { SeededRandom, SimKeyValueStores } from '../../simulation/ports/index.js';
import { listed, put, values } from './rules.js';

const ALL = { from: Uint8Array.of(0), to: Uint8Array.of(255) };
const PATH = '/store';

/** Three synced batches, then three that are not. */
async function filled(seed: number): Promise<{ readonly stores: SimKeyValueStores; readonly store: KeyValueStore }> {
  const stores = new SimKeyValueStores(new SeededRandom(seed));
  const store = await stores.open(PATH, 'create');
  for (const name of ['a', 'b', 'c']) await store.batch([put(name, 'x'), put(`${name}${name}`, 'y')], { sync: name === 'c' });
  for (const name of ['d', 'e', 'f']) await store.batch([put(name, 'x')]);
  return { stores, store };
}

const reopened = async (stores: SimKeyValueStores): Promise<string> => listed(await stores.open(PATH, 'open'), ALL);

const SYNCED = 'a=x aa=y b=x bb=y c=x cc=y';
const EVERYTHING = `${SYNCED} d=x e=x f=x`;

/** How the simulated stores fail. */
export const keyValueFaultRules: readonly Rule<void>[] = [
  [
    'the death of the process loses nothing, and the store can be opened again',
    async () => {
      const { stores, store } = await filled(1);
      stores.killProcess();
      expect(await reopened(stores)).toBe(EVERYTHING);
      expect(told(await failureOf(store.batch([put('g', 'x')])))).toMatch(/^ESHUTDOWN:/);
    },
  ],
  [
    'power loss keeps what was synced and some of the oldest batches after it',
    async () => {
      const states = new Set<string>();
      for (let seed = 0; seed < 50; seed += 1) {
        const { stores } = await filled(seed);
        stores.powerLoss();
        states.add(await reopened(stores));
      }
      expect(states).toEqual(new Set([SYNCED, `${SYNCED} d=x`, `${SYNCED} d=x e=x`, EVERYTHING]));
    },
  ],
  [
    'a batch in the middle can be lost silently, whole',
    async () => {
      const states = new Set<string>();
      for (let seed = 0; seed < 50; seed += 1) {
        const { stores, store } = await filled(seed);
        await store.close();
        stores.dropBatch(PATH);
        states.add(await reopened(stores));
      }
      expect(states.size).toBe(6);
      expect(states).toContain('a=x aa=y c=x cc=y d=x e=x f=x');
    },
  ],
  [
    'a value can change silently, by one bit',
    async () => {
      for (let seed = 0; seed < 20; seed += 1) {
        const { stores, store } = await filled(seed);
        await store.close();
        stores.flipValue(PATH);
        const bits = Buffer.from(await reopened(stores), 'latin1').map((byte, index) => byte ^ EVERYTHING.charCodeAt(index));
        expect([...bits].filter((difference) => difference !== 0)).toHaveLength(1);
      }
    },
  ],
  [
    'a store that lost CURRENT cannot be opened, only destroyed',
    async () => {
      const { stores, store } = await filled(1);
      await store.close();
      stores.loseCurrent(PATH);
      expect(told(await failureOf(stores.open(PATH, 'open')))).toMatch(/^ENOENT:/);
      expect(told(await failureOf(stores.open(PATH, 'create')))).toMatch(/^EEXIST:/);
      await stores.destroy(PATH);
      expect(await listed(await stores.open(PATH, 'create'), ALL)).toBe('');
    },
  ],
  [
    'a read can end the process, once',
    async () => {
      const { stores, store } = await filled(1);
      await store.close();
      stores.abortOnRead(PATH, 2);
      const again = await stores.open(PATH, 'open');
      expect(await values(again, 'a')).toEqual(['x']);
      expect(told(await failureOf(values(again, 'a')))).toMatch(/^ESHUTDOWN:/);
      expect(await reopened(stores)).toBe(EVERYTHING);
    },
  ],
];

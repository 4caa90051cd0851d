import { expect } from 'vitest';
import { compareBytes, utf8 } from '../../../src/base/index.js';
import type { KeyRange, KeyValueOperation, KeyValueStore, KeyValueStores } from '../../../src/ports/index.js';
import { failureOf, told } from '../../support/failures.js';
import type { Rule } from '../../support/rules.js';

export interface StoresSubject {
  readonly stores: KeyValueStores;
  /** Where a store may be made; its parent exists. */
  readonly path: string;
}

export const put = (key: string | Uint8Array, value: string): KeyValueOperation => ({
  kind: 'put',
  key: typeof key === 'string' ? utf8(key) : key,
  value: utf8(value),
});
const drop = (key: string): KeyValueOperation => ({ kind: 'delete', key: utf8(key) });
const between = (from: string, to: string, reverse = false): KeyRange => ({ from: utf8(from), to: utf8(to), reverse });
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

export async function values(store: KeyValueStore, ...keys: readonly string[]): Promise<readonly (string | undefined)[]> {
  return (await store.getMany(keys.map(utf8))).map((value) => (value === undefined ? undefined : text(value)));
}

export async function listed(store: KeyValueStore, range: KeyRange): Promise<string> {
  const found: string[] = [];
  for await (const [key, value] of store.entries(range)) found.push(`${text(key)}=${text(value)}`);
  return found.join(' ');
}

/** Runs the body with a new store and closes it. */
async function withStore({ stores, path }: StoresSubject, body: (store: KeyValueStore) => Promise<void>): Promise<void> {
  const store = await stores.open(path, 'create');
  try {
    await body(store);
  } finally {
    await store.close();
  }
}

const entryRules: readonly Rule<StoresSubject>[] = [
  [
    'what a batch puts and deletes is what a read finds',
    (subject) =>
      withStore(subject, async (store) => {
        await store.batch([put('a', '1'), put('b', '2'), put('c', '')]);
        await store.batch([drop('b'), drop('none'), put('a', '3')]);
        expect(await values(store, 'c', 'a', 'b', 'a')).toEqual(['', '3', undefined, '3']);
        expect(await store.getMany([])).toEqual([]);
      }),
  ],
  [
    'within a batch the last word on a key counts',
    (subject) =>
      withStore(subject, async (store) => {
        await store.batch([put('a', '1'), drop('a'), put('b', '1'), put('b', '2'), put('c', '1'), drop('c')]);
        expect(await values(store, 'a', 'b', 'c')).toEqual([undefined, '2', undefined]);
      }),
  ],
  [
    'results are owned by the caller, plain arrays of bytes, and arguments may be reused',
    (subject) =>
      withStore(subject, async (store) => {
        const key = utf8('key');
        const value = utf8('value');
        await store.batch([{ kind: 'put', key, value }]);
        key.fill(0);
        value.fill(0);
        const [first] = await store.getMany([utf8('key')]);
        expect(first?.constructor).toBe(Uint8Array);
        first?.fill(1);
        expect(await values(store, 'key')).toEqual(['value']);
      }),
  ],
  [
    'entries come in the order of unsigned bytes, from inclusive to exclusive, and backwards',
    (subject) =>
      withStore(subject, async (store) => {
        const keys = [[0], [0, 0], [1], [127], [128], [254, 255], [255], [255, 0]].map((key) => Uint8Array.from(key));
        await store.batch([...keys].reverse().map((key) => put(key, 'x')));
        const found: Uint8Array[] = [];
        for await (const [key] of store.entries({ from: Uint8Array.of(0), to: Uint8Array.of(255, 255) })) found.push(key);
        expect(found).toEqual([...keys].sort(compareBytes));
        await store.batch([put('a', '1'), put('b', '2'), put('c', '3'), put('d', '4')]);
        expect(await listed(store, between('b', 'd'))).toBe('b=2 c=3');
        expect(await listed(store, between('b', 'd', true))).toBe('c=3 b=2');
        expect(await listed(store, between('d', 'b'))).toBe('');
        expect(await listed(store, between('b', 'b'))).toBe('');
      }),
  ],
  [
    'entries are as of the call, whatever is written before they are pulled',
    (subject) =>
      withStore(subject, async (store) => {
        await store.batch([put('a', '1'), put('b', '2')]);
        const before = store.entries(between('a', 'z'));
        await store.batch([drop('a'), put('b', '3'), put('c', '4')]);
        const found: string[] = [];
        for await (const [key, value] of before) found.push(text(key) + text(value));
        expect(found).toEqual(['a1', 'b2']);
      }),
  ],
  [
    'entries of many pages are all there, and reading can stop anywhere',
    (subject) =>
      withStore(subject, async (store) => {
        const many = Array.from({ length: 3500 }, (_, index) => put(`key-${String(index).padStart(5, '0')}`, 'v'.repeat(200)));
        await store.batch(many);
        let count = 0;
        for await (const [key] of store.entries(between('key-', 'key-~'))) {
          expect(text(key)).toBe(`key-${String(count).padStart(5, '0')}`);
          count += 1;
        }
        expect(count).toBe(3500);
        for await (const [key] of store.entries(between('key-', 'key-~'))) {
          if (text(key) === 'key-01200') break;
          count -= 1;
        }
        expect(count).toBe(2300);
      }),
  ],
  [
    'an aborted signal ends the reading of entries with CANCELLED',
    (subject) =>
      withStore(subject, async (store) => {
        await store.batch(Array.from({ length: 100 }, (_, index) => put(`key-${index}`, 'v')));
        const controller = new AbortController();
        const seen: string[] = [];
        const reading = async (signal: AbortSignal): Promise<void> => {
          for await (const [key] of store.entries(between('a', 'z'), signal)) {
            seen.push(text(key));
            if (seen.length === 10) controller.abort();
          }
        };
        expect(told(await failureOf(reading(controller.signal)))).toMatch(/^CANCELLED:/);
        expect(seen.length).toBe(10);
        expect(told(await failureOf(reading(AbortSignal.abort())))).toMatch(/^CANCELLED:/);
        expect(seen.length).toBe(10);
      }),
  ],
];

const storeRules: readonly Rule<StoresSubject>[] = [
  [
    'a store that was closed holds what it held, synced or not',
    async (subject) => {
      await withStore(subject, async (store) => {
        await store.batch([put('a', '1')], { sync: true });
        await store.batch([put('b', '2')]);
      });
      const again = await subject.stores.open(subject.path, 'open');
      expect(await values(again, 'a', 'b')).toEqual(['1', '2']);
      await again.close();
    },
  ],
  [
    'open refuses where there is no store, and makes none',
    async ({ stores, path }) => {
      expect(told(await failureOf(stores.open(path, 'open')))).toMatch(/^ENOENT:/);
      expect(told(await failureOf(stores.open(path, 'open')))).toMatch(/^ENOENT:/);
      await (await stores.open(path, 'create')).close();
    },
  ],
  [
    'create refuses where there is a store, and harms nothing',
    async (subject) => {
      await withStore(subject, (store) => store.batch([put('a', '1')]));
      expect(told(await failureOf(subject.stores.open(subject.path, 'create')))).toMatch(/^EEXIST:/);
      const again = await subject.stores.open(subject.path, 'open');
      expect(await values(again, 'a')).toEqual(['1']);
      await again.close();
    },
  ],
  [
    'a store has one opener at a time',
    (subject) =>
      withStore(subject, async () => {
        expect(told(await failureOf(subject.stores.open(subject.path, 'open')))).toMatch(/^EBUSY:/);
        expect(told(await failureOf(subject.stores.destroy(subject.path)))).toMatch(/^EBUSY:/);
      }),
  ],
  [
    'a closed store refuses everything, and closing it again is nothing',
    async (subject) => {
      const store = await subject.stores.open(subject.path, 'create');
      await store.close();
      await store.close();
      expect(told(await failureOf(store.getMany([utf8('a')])))).toMatch(/^EBADF:/);
      expect(told(await failureOf(store.batch([put('a', '1')])))).toMatch(/^EBADF:/);
      expect(told(await failureOf(listedLater(store)))).toMatch(/^EBADF:/);
    },
  ],
  [
    'destroy removes a store, and is nothing where there is none',
    async (subject) => {
      await withStore(subject, (store) => store.batch([put('a', '1')], { sync: true }));
      await subject.stores.destroy(subject.path);
      await subject.stores.destroy(subject.path);
      expect(told(await failureOf(subject.stores.open(subject.path, 'open')))).toMatch(/^ENOENT:/);
      await withStore(subject, async (store) => expect(await values(store, 'a')).toEqual([undefined]));
    },
  ],
];

/** Whether the refusal comes from the call or from the first pull is left open. */
const listedLater = async (store: KeyValueStore): Promise<string> => listed(store, between('a', 'z'));

/** What every KeyValueStores promises. */
export const keyValueRules: readonly Rule<StoresSubject>[] = [...entryRules, ...storeRules];

import { expect } from 'vitest';
import { equalBytes } from '../../../src/base/index.js';
import { failureOf, told } from '../../support/failures.js';
import type { Rule } from '../../support/rules.js';
import { SeededRandom, SimFileSystem } from '../../simulation/ports/index.js';
import { readAll } from './rules.js';

const SEEDS = 200;
const content = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

/** A file whose first half is synced, named durably, and whose second half is not. */
async function halfSynced(seed: number, length = 4096): Promise<SimFileSystem> {
  const disk = new SimFileSystem({ random: new SeededRandom(seed) });
  const handle = await disk.open('/file', 'create-new');
  await handle.write(content(length, 1), 0);
  await handle.sync();
  await disk.syncDirectory('/');
  await handle.write(content(length, 2), length);
  return disk;
}

/** Every state that crashes with different seeds leave, as text. */
async function statesAfter(crash: (seed: number) => Promise<string>): Promise<Set<string>> {
  const states = new Set<string>();
  for (let seed = 0; seed < SEEDS; seed += 1) states.add(await crash(seed));
  return states;
}

/** How the simulated file system forgets. The rules of running programs hold for it too. */
export const crashRules: readonly Rule<void>[] = [
  [
    'synced bytes under a synced name survive every crash',
    async () => {
      for (let seed = 0; seed < SEEDS; seed += 1) {
        const after = (await halfSynced(seed)).crash();
        const kept = (await readAll(after, '/file')).subarray(0, 4096);
        expect(equalBytes(kept, content(4096, 1))).toBe(true);
      }
    },
  ],
  [
    'unsynced bytes are lost, kept, cut short or torn by sectors, as the seed has it',
    async () => {
      const states = await statesAfter(async (seed) => {
        const after = await readAll((await halfSynced(seed, 2048)).crash(), '/file');
        const sectors = [0, 1, 2, 3].map((sector) => after.subarray(2048 + sector * 512, 2560 + sector * 512));
        return sectors.map((sector) => (sector.length === 512 ? new Set(sector).size * 10 + (sector[0] ?? 0) : 'short')).join();
      });
      expect(states).toContain('short,short,short,short');
      expect(states).toContain('12,12,12,12');
      expect(states).toContain('10,10,10,12');
      expect(states.size).toBeGreaterThan(8);
    },
  ],
  [
    'the same seed crashes the same way',
    async () => {
      for (let seed = 0; seed < 20; seed += 1) {
        const [once, twice] = [(await halfSynced(seed)).crash(), (await halfSynced(seed)).crash()];
        expect(equalBytes(await readAll(once, '/file'), await readAll(twice, '/file'))).toBe(true);
      }
    },
  ],
  [
    'crash can be told to keep nothing or everything',
    async () => {
      expect((await readAll((await halfSynced(1)).crash('nothing'), '/file')).length).toBe(4096);
      expect((await readAll((await halfSynced(1)).crash('everything'), '/file')).length).toBe(8192);
    },
  ],
  [
    'a name is lost unless its folder was synced, though its content was',
    async () => {
      const disk = new SimFileSystem();
      const handle = await disk.open('/file', 'create-new');
      await handle.write(content(10, 1), 0);
      await handle.sync();
      expect(await disk.crash('nothing').readDirectory('/')).toEqual([]);
    },
  ],
  [
    'a folder sync keeps the name and not the content',
    async () => {
      const disk = new SimFileSystem();
      const handle = await disk.open('/file', 'create-new');
      await handle.write(content(10, 1), 0);
      await disk.syncDirectory('/');
      expect(await readAll(disk.crash('nothing'), '/file')).toEqual(new Uint8Array());
    },
  ],
  [
    'a rename is not durable before the folder sync, and then shows the old name or the new, never both or none',
    async () => {
      const afterRename = async (seed: number, synced: boolean): Promise<SimFileSystem> => {
        const disk = new SimFileSystem({ random: new SeededRandom(seed) });
        await disk.open('/old', 'create-new');
        await disk.syncDirectory('/');
        await disk.rename('/old', '/new');
        if (synced) await disk.syncDirectory('/');
        return disk.crash();
      };
      const names = async (seed: number): Promise<string> => (await (await afterRename(seed, false)).readDirectory('/')).join();
      expect(await statesAfter(names)).toEqual(new Set(['old', 'new']));
      expect(await (await afterRename(3, true)).readDirectory('/')).toEqual(['new']);
    },
  ],
  [
    'an unlink is not durable before the folder sync',
    async () => {
      const disk = new SimFileSystem();
      await disk.open('/file', 'create-new');
      await disk.syncDirectory('/');
      await disk.unlink('/file');
      expect(await disk.crash('nothing').readDirectory('/')).toEqual(['file']);
    },
  ],
  [
    'a file moved between folders may be found under both names after a crash, as one file',
    async () => {
      const disk = new SimFileSystem();
      for (const folder of ['/a', '/b']) await disk.makeDirectory(folder);
      await disk.syncDirectory('/');
      await disk.open('/a/file', 'create-new');
      await disk.syncDirectory('/a');
      await disk.rename('/a/file', '/b/file');
      await disk.syncDirectory('/b');
      const after = disk.crash('nothing');
      const handle = await after.open('/a/file', 'read-write');
      await handle.write(content(3, 7), 0);
      expect(await readAll(after, '/b/file')).toEqual(content(3, 7));
    },
  ],
  [
    'after a failed sync the bytes are still seen, and no later sync makes them durable',
    async () => {
      const disk = new SimFileSystem();
      const handle = await disk.open('/file', 'create-new');
      await disk.syncDirectory('/');
      await handle.write(content(10, 1), 0);
      disk.faults.plan({ operation: 'sync', errno: 'EIO' });
      expect(told(await failureOf(handle.sync()))).toMatch(/^EIO:/);
      await handle.sync();
      expect(await readAll(disk, '/file')).toEqual(content(10, 1));
      expect(await readAll(disk.crash('everything'), '/file')).toEqual(new Uint8Array());
    },
  ],
  [
    'operations side by side overtake each other, as the seed has it',
    async () => {
      const orders = await statesAfter(async (seed) => {
        const disk = new SimFileSystem({ random: new SeededRandom(seed) });
        const made: string[] = [];
        await Promise.all(['a', 'b', 'c'].map((name) => disk.makeDirectory(`/${name}`).then(() => made.push(name))));
        return made.join('');
      });
      expect(orders.size).toBe(6);
    },
  ],
  [
    'a sync covers what was written before it began, also when another runs beside it',
    async () => {
      for (let seed = 0; seed < 50; seed += 1) {
        const disk = new SimFileSystem({ random: new SeededRandom(seed) });
        const handle = await disk.open('/file', 'create-new');
        await disk.syncDirectory('/');
        await handle.write(content(4, 1), 0);
        const syncing = [handle.sync(), handle.sync(), handle.sync()];
        const writing = handle.write(content(4, 2), 4);
        await Promise.all([...syncing, writing]);
        expect(await readAll(disk.crash('nothing'), '/file')).toEqual(content(4, 1));
      }
    },
  ],
  [
    'what still runs after a crash changes nothing any more',
    async () => {
      const disk = new SimFileSystem();
      const handle = await disk.open('/file', 'create-new');
      await disk.syncDirectory('/');
      const after = disk.crash('nothing');
      expect(told(await failureOf(handle.write(content(10, 1), 0)))).toMatch(/^ESHUTDOWN:/);
      expect(told(await failureOf(disk.unlink('/file')))).toMatch(/^ESHUTDOWN:/);
      expect(await readAll(after, '/file')).toEqual(new Uint8Array());
    },
  ],
  [
    'the death of a process loses nothing',
    async () => {
      const after = (await halfSynced(1)).killProcess();
      expect((await readAll(after, '/file')).length).toBe(8192);
      expect((await readAll(after.crash('nothing'), '/file')).length).toBe(4096);
    },
  ],
  [
    'power can be cut at any operation, and nothing after it takes effect',
    async () => {
      const disk = new SimFileSystem();
      const handle = await disk.open('/file', 'create-new');
      await disk.syncDirectory('/');
      disk.faults.cutPowerAt(2);
      await handle.write(content(10, 1), 0);
      expect(told(await failureOf(handle.sync()))).toMatch(/^ESHUTDOWN:/);
      expect(await readAll(disk.crash('nothing'), '/file')).toEqual(new Uint8Array());
    },
  ],
  [
    'the nth operation fails as planned, once or from then on',
    async () => {
      const disk = new SimFileSystem();
      const handle = await disk.open('/file', 'create-new');
      disk.faults.plan({ operation: 'write', nth: 2, errno: 'EIO' });
      await handle.write(content(1, 1), 0);
      expect(told(await failureOf(handle.write(content(1, 2), 0)))).toMatch(/^EIO:/);
      await handle.write(content(1, 3), 0);
      disk.faults.plan({ pathContains: 'file', errno: 'EROFS', lasting: true });
      for (const attempt of [1, 2, 3]) expect(told(await failureOf(handle.write(content(attempt, 1), 0)))).toMatch(/^EROFS:/);
      disk.faults.clear();
      expect(await readAll(disk, '/file')).toEqual(content(1, 3));
    },
  ],
  [
    'a full disk takes what fits, refuses the rest, and goes on when room is made',
    async () => {
      const disk = new SimFileSystem({ capacityBytes: 3 * 4096 });
      const [first, second] = [await disk.open('/first', 'create-new'), await disk.open('/second', 'create-new')];
      await first.write(content(8192, 1), 0);
      expect(told(await failureOf(second.write(content(8192, 2), 0)))).toMatch(/^ENOSPC:/);
      expect(await second.size()).toBe(4096);
      expect(await disk.space('/')).toEqual({ freeBytes: 0, totalBytes: 3 * 4096 });
      await disk.unlink('/first');
      await second.write(content(8192, 2), 0);
      expect(await disk.space('/')).toEqual({ freeBytes: 4096, totalBytes: 3 * 4096 });
    },
  ],
  [
    'a flipped bit is seen now and after a crash',
    async () => {
      const disk = await halfSynced(1);
      disk.flipBit('/file', 100);
      const seen = await readAll(disk, '/file');
      const flipped = (seen[100] ?? 0) ^ 1;
      expect(Math.log2(flipped) % 1).toBe(0);
      expect((await readAll(disk.crash('nothing'), '/file'))[100]).toBe(seen[100]);
    },
  ],
  [
    'a direct write that is not aligned is refused',
    async () => {
      const disk = new SimFileSystem();
      const handle = await disk.open('/file', 'create-new', { direct: true });
      expect(told(await failureOf(handle.write(disk.alignedBuffer(4096).subarray(1), 0)))).toMatch(/^EINVAL:/);
      expect(told(await failureOf(handle.write(new Uint8Array(4096), 0)))).toMatch(/^EINVAL:/);
      expect(told(await failureOf(handle.write(disk.alignedBuffer(4096), 512)))).toMatch(/^EINVAL:/);
    },
  ],
];

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import { NodeFileSystem } from '../../../src/runtime/index.js';
import { told } from '../../support/failures.js';
import { inFolder } from '../../support/folders.js';

describe('direct writes', () => {
  it('that the file system refuses go on buffered, also when several are under way', () =>
    inFolder(async (folder) => {
      const refused: string[] = [];
      const fileSystem = new NodeFileSystem({ onDirectRefused: (path) => refused.push(path) });
      const path = join(folder, 'file');
      const handle = await fileSystem.open(path, 'create-new', { direct: true });
      await handle.write(fileSystem.alignedBuffer(4096).fill(1), 0);
      // Lengths that O_DIRECT takes nowhere.
      const odd = [1000, 2000, 3000].map((bytes, index) =>
        handle.write(new Uint8Array(bytes).fill(index + 2), 4096 + index * 4096),
      );
      await Promise.all(odd);
      await handle.sync();
      const content = new Uint8Array(await handle.size());
      expect(await handle.read(content, 0)).toBe(4096 * 3 + 3000);
      expect([content[0], content[4096], content[4096 + 999], content[4096 + 1000], content[8192], content[12_288]]).toEqual([
        1, 2, 2, 0, 3, 4,
      ]);
      await handle.close();
      // File systems in memory take any length, so there is nothing to refuse.
      expect([[], [path]]).toContainEqual(refused);
    }));

  it('a file that was moved while it was written stays the file that is written', () =>
    inFolder(async (folder) => {
      const fileSystem = new NodeFileSystem();
      const handle = await fileSystem.open(join(folder, 'file'), 'create-new', { direct: true });
      await handle.write(fileSystem.alignedBuffer(4096), 0);
      await fileSystem.rename(join(folder, 'file'), join(folder, 'moved'));
      const other = await fileSystem.open(join(folder, 'file'), 'create-new');
      const outcome = await handle.write(new Uint8Array(10), 4096).then(() => 'written', told);
      expect(outcome).toMatch(/^(written|ESTALE: .*)$/);
      expect(await other.size()).toBe(0);
      await Promise.all([handle.close(), other.close()]);
    }));

  it('buffers larger than a slab are given too', () => {
    const buffer = new NodeFileSystem().alignedBuffer(LIMITS.alignedSlabBytes + 4096);
    expect([buffer.length, buffer.byteOffset]).toEqual([LIMITS.alignedSlabBytes + 4096, 0]);
  });
});

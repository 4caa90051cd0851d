import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import { NodeLocalFiles } from '../../../src/cli/local/node-local-files.js';
import { NodeFileSystem, SystemRandom } from '../../../src/runtime/index.js';

const MiB = 1024 * 1024;
const attributes = { mode: 0o640, modified: { seconds: 1_000_000_000, nanoseconds: 0 } };
const freshLocal = (): NodeLocalFiles => new NodeLocalFiles({ fileSystem: new NodeFileSystem(), random: new SystemRandom() });
/** Of a process that has ended. */
const deadPid = (): number => spawnSync('true').pid;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'collective-partial-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** What a process that was killed after its first MiB of `name` has left; the name of it. */
async function leave(name: string, change: (partial: string) => string = String): Promise<string> {
  const local = freshLocal();
  const writer = await local.create(join(folder, name), 8 * MiB);
  const part = local.alignedBuffer(MiB);
  part.fill(120);
  await writer.write(part, part, 0);
  await writer.leave();
  const [partial] = (await readdir(folder)).filter((each) => each.endsWith('.part') && each.includes(`-${process.pid}.`));
  if (partial === undefined) throw new Error('nothing was left');
  const left = change(partial.replace(`-${process.pid}.`, `-${deadPid()}.`));
  await rename(join(folder, partial), join(folder, left));
  return left;
}

describe('what a killed process left of a large file', () => {
  it.each(['file', 'ä'.repeat(120), `.${'long '.repeat(50)}`])(
    'is hidden, named after it, and gone on with: %s',
    async (name) => {
      const left = await leave(name);
      expect(left.startsWith(`.${name.slice(0, 40)}`)).toBe(true);
      const writer = await freshLocal().create(join(folder, name), 8 * MiB);
      expect(writer.leftBytes).toBe(MiB);
      const buffer = Buffer.alloc(2 * MiB);
      expect(await writer.recall(buffer, 0)).toBe(MiB);
      expect(buffer.subarray(0, MiB).equals(Buffer.alloc(MiB, 'x'))).toBe(true);
      await writer.clear(4096, 4096);
      await writer.finish(8 * MiB, attributes);
      expect(await readdir(folder)).toEqual([name]);
      const content = await readFile(join(folder, name));
      expect(
        content.equals(
          Buffer.concat([Buffer.alloc(4096, 'x'), Buffer.alloc(4096), Buffer.alloc(MiB - 8192, 'x'), Buffer.alloc(7 * MiB)]),
        ),
      ).toBe(true);
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o640);
    },
  );

  it('is taken by one process only', async () => {
    await leave('file');
    const writers = await Promise.all([1, 2, 3].map(() => freshLocal().create(join(folder, 'file'), 8 * MiB)));
    expect(writers.map(({ leftBytes }) => leftBytes).toSorted((a, b) => a - b)).toEqual([0, 0, MiB]);
    await Promise.all(writers.map((writer) => writer.discard()));
    expect(await readdir(folder)).toEqual([]);
  });

  it('is left alone while its process lives, or may live on another machine', async () => {
    const alive = await leave('file', (partial) => partial.replace(/-[0-9]+\./, `-${process.ppid}.`));
    const elsewhere = await leave('file', (partial) => partial.replace(/collective-[0-9a-f]{8}/, 'collective-01234567'));
    const writer = await freshLocal().create(join(folder, 'file'), 8 * MiB);
    expect(writer.leftBytes).toBe(0);
    await writer.discard();
    expect((await readdir(folder)).toSorted()).toEqual([alive, elsewhere].toSorted());
    const silent = new Date(Date.now() - LIMITS.partialSilenceMs - 1000);
    await utimes(join(folder, elsewhere), silent, silent);
    const later = await freshLocal().create(join(folder, 'file'), 8 * MiB);
    expect(later.leftBytes).toBe(MiB);
    await later.discard();
    expect(await readdir(folder)).toEqual([alive]);
  });

  it('is removed once it is old, or the file has become a small one', async () => {
    const old = join(folder, await leave('old'));
    const longAgo = new Date(Date.now() - LIMITS.partialLifeMs - 1000);
    await utimes(old, longAgo, longAgo);
    await leave('small');
    const writer = await freshLocal().create(join(folder, 'small'), 10);
    await writer.finish(10, attributes);
    expect(await readdir(folder)).toEqual(['small']);
  });

  it('is not what a link of that name leads to', async () => {
    const left = await leave('file');
    await rename(join(folder, left), join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), join(folder, left));
    const writer = await freshLocal().create(join(folder, 'file'), 8 * MiB);
    expect(writer.leftBytes).toBe(0);
    await writer.discard();
  });

  it('is nothing where nothing was written', async () => {
    await writeFile(join(folder, '.file.collective-part'), 'x');
    const writer = await freshLocal().create(join(folder, 'file'), 8 * MiB);
    await writer.leave();
    expect(await readdir(folder)).toEqual(['.file.collective-part']);
  });
});

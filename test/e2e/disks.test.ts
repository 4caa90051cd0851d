import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentOf, findingCodes, isWell, jsonOf, LoopDisk, REFUSAL, STORED, World } from '../support/e2e/index.js';

const MiB = 1024 * 1024;
const EXIT_INSUFFICIENT = 7;

let folder: string;
/** Of node-1, and of node-2. */
let small: LoopDisk;
let failing: LoopDisk;
let world: World;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'collective-disks-'));
  // The store of a node makes 256 folders and some files.
  small = await LoopDisk.create(join(folder, 'small'), { bytes: 112 * MiB, inodes: 460 });
  failing = await LoopDisk.create(join(folder, 'failing'), { bytes: 112 * MiB });
  const disks = [small, failing];
  world = await World.start({ nodes: 2, nodeDirectory: (index) => join(disks[index]?.path ?? folder, 'node') });
});

afterAll(async () => {
  await world?.stop();
  await small?.remove();
  await failing?.remove();
  await rm(folder, { recursive: true, force: true });
});

const sizes = new Map<string, number>();

async function put(name: string, bytes: number, ...flags: readonly string[]) {
  const path = join(await world.folder(), name);
  await writeFile(path, contentOf(name, bytes));
  const result = await world.command('put', path, `/${name}`, '--json', ...flags);
  if (result.code === 0) sizes.set(name, bytes);
  return result;
}

async function expectStored(name: string, bytes: number, ...flags: readonly string[]): Promise<void> {
  const result = await put(name, bytes, ...flags);
  expect(result.stderr).toBe('');
  expect(jsonOf(result, STORED)).toMatchObject({ files: 1, size: bytes });
}

/** All that was stored, or just these files; with whatever nodes are there. */
async function expectReadable(...names: readonly string[]): Promise<void> {
  const target = join(await world.folder(), 'back');
  await mkdir(target);
  const wanted = names.length > 0 ? names : [...sizes.keys()];
  await world.ok('get', ...wanted.map((name) => `/${name}`), target);
  for (const name of wanted) {
    expect((await readFile(join(target, name))).equals(contentOf(name, sizes.get(name) ?? 0)), name).toBe(true);
  }
}

const storeOf = async (node: string) => (await world.status()).nodes.find(({ name }) => name === node)?.store;
const pids = (): readonly (number | undefined)[] => world.cluster.nodes.map(({ pid }) => pid);

/** Ends a node for as long as the task takes. */
async function without(index: number, task: () => Promise<void>): Promise<void> {
  const node = world.cluster.nodes[index];
  await node?.stop('SIGKILL');
  await task();
  await node?.start();
  await world.cluster.untilOnline(2);
}

describe('when the disk of a node is full', () => {
  let before: readonly (number | undefined)[];

  beforeAll(async () => {
    await expectStored('before', 3 * MiB);
    before = pids();
    await small.fill();
  });

  test('a put that needs it is refused, which is clear about why, and leaves nothing', async () => {
    const result = await put('refused', 8 * MiB);
    expect(result.code).toBe(EXIT_INSUFFICIENT);
    const { error } = jsonOf(result, REFUSAL);
    expect(['NODE_FULL', 'NOT_ENOUGH_NODES', 'NOT_ENOUGH_SPACE']).toContain(error.code);
    expect(error.message).toMatch(/node-1.*(full|left|free)/);
    expect(error.next).not.toBe('');
    expect((await world.command('stat', '/refused')).code).toBe(4);
  });

  test('status tells, with what to do', async () => {
    const status = await world.statusWhen((now) => findingCodes(now).includes('store-full'));
    expect(status.health).toBe('degraded');
    expect(status.findings).toContainEqual(
      expect.objectContaining({
        code: 'store-full',
        message: expect.stringMatching(/node-1 is full.*disk/),
        next: expect.stringContaining('room'),
      }),
    );
  });

  test('the service goes on: what is stored is read, and what needs it not is stored', async () => {
    await expectStored('elsewhere', 3 * MiB, '--copies', '1');
    await expectReadable();
  });

  test('it takes chunks again once there is room, without a restart', async () => {
    await small.free();
    await world.statusWhen(isWell);
    await expectStored('after', 8 * MiB);
    expect(pids()).toEqual(before);
    await without(1, () => expectReadable('after'));
  });

  test('only of files, not of bytes, the write fails, is refused, and goes well once there is room', async () => {
    await small.fillWithFiles();
    const result = await put('no more files', 4 * MiB);
    expect(result.code).toBe(EXIT_INSUFFICIENT);
    expect(jsonOf(result, REFUSAL).error).toMatchObject({
      code: 'NODE_FULL',
      message: expect.stringMatching(/node-1: .*disk is full/),
    });
    await expectReadable();
    await small.free();
    await expectStored('files again', 4 * MiB);
  });
});

describe('when the disk of a node fails', () => {
  let before: readonly (number | undefined)[];

  beforeAll(async () => {
    await expectStored('sound', 3 * MiB);
    before = pids();
    await failing.break();
    // It was full for a moment: that may have been told.
    await world.statusWhen((now) => now.nodes.every(({ store }) => store.state === 'ready'));
  });

  test('a put that needs it is refused, which says that and why', async () => {
    const result = await put('failed', 4 * MiB);
    expect(result.code).toBe(EXIT_INSUFFICIENT);
    const { error } = jsonOf(result, REFUSAL);
    expect(['NODE_READ_ONLY', 'NOT_ENOUGH_NODES']).toContain(error.code);
    expect(error.message).toMatch(/node-2(: .*EIO| is read-only)/);
    expect((await world.command('stat', '/failed')).code).toBe(4);
  });

  test('its store is read-only, and status tells with the reason', async () => {
    const status = await world.statusWhen((now) => findingCodes(now).includes('store-read-only'));
    expect(status.health).toBe('degraded');
    expect(status.findings).toContainEqual(
      expect.objectContaining({ code: 'store-read-only', message: expect.stringMatching(/node-2.*EIO/) }),
    );
    expect(await storeOf('node-2')).toMatchObject({ state: 'read-only', reason: expect.stringContaining('EIO') });
  });

  test('what is stored there is read, also where no other node has it', async () => {
    await without(0, () => expectReadable('sound'));
  });

  test('what needs it not is stored, and all else is read', async () => {
    await expectStored('without it', 3 * MiB, '--copies', '1');
    await expectReadable();
    expect(await storeOf('node-2')).toMatchObject({ state: 'read-only' });
  });

  test('it takes chunks again once the disk works, without a restart', async () => {
    await failing.mend();
    await world.statusWhen((now) => now.nodes.every(({ store }) => store.state === 'ready'));
    await expectStored('mended', 4 * MiB);
    expect(pids()[1]).toBe(before[1]);
  });

  test('nothing that was acknowledged is lost, also after kill -9', async () => {
    await without(1, () => Promise.resolve());
    await expectReadable();
    await without(0, () => expectReadable('sound', 'mended', 'after'));
  });
});

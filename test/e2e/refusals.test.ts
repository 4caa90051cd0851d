import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentOf, contentPieces, jsonOf, LISTING, REFUSAL, World, writeContent } from '../support/e2e/index.js';

const MB = 1_000_000;
const EXIT = { usage: 2, unreachable: 3, notFound: 4, conflict: 6, insufficient: 7 } as const;

let world: World;
let folder: string;

beforeAll(async () => {
  world = await World.start({ nodes: 2, capacity: '20M' });
  folder = await world.folder();
  await writeFile(join(folder, 'small'), contentOf('small', 1000));
  await writeContent(join(folder, 'large'), 'large', 30 * MB);
  await world.ok('put', join(folder, 'small'), '/there');
});

afterAll(async () => {
  await world.stop();
});

interface Refused {
  readonly exit: number;
  readonly code: string;
  /** What the sentence names. */
  readonly naming: readonly (string | RegExp)[];
}

/** The command fails alike with and without --json: exit code, what it says, what to do next. */
async function expectRefused(args: readonly string[], { exit, code, naming }: Refused): Promise<void> {
  const [plain, json] = await Promise.all([world.command(...args), world.command(...args, '--json')]);
  expect(plain.code).toBe(exit);
  expect(plain.stderr).toContain(`(${code})`);
  expect(plain.stderr).toContain('Next: ');
  expect(json.code).toBe(exit);
  const { error } = jsonOf(json, REFUSAL);
  expect(error.code).toBe(code);
  expect(error.next ?? '').not.toBe('');
  for (const named of naming) {
    expect(error.message).toMatch(named);
    expect(plain.stderr).toMatch(named);
  }
}

/** Bytes in the files of both nodes' stores. */
async function bytesHeld(): Promise<number> {
  let bytes = 0;
  for (const directory of world.cluster.nodeDirectories) {
    for (const kind of ['chunks', 'packs']) {
      for (const found of await readdir(join(directory, 'store', kind), { recursive: true, withFileTypes: true })) {
        if (found.isFile()) bytes += (await stat(join(found.parentPath, found.name))).size;
      }
    }
  }
  return bytes;
}

async function namesInRoot(): Promise<readonly string[]> {
  return jsonOf(await world.ok('ls', '/', '--json'), LISTING).entries.map(({ name }) => name);
}

describe('before a byte is sent', () => {
  test('more copies than there are nodes are refused, and what is missing is named', async () => {
    const held = await bytesHeld();
    await expectRefused(['put', '--copies', '3', join(folder, 'small'), '/three'], {
      exit: EXIT.insufficient,
      code: 'NOT_ENOUGH_NODES',
      naming: [/3 copies/, /2 nodes/, /node-1/, /node-2/],
    });
    expect(await bytesHeld()).toBe(held);
  });

  test('a file that the nodes have no room for is refused, and what is missing is named', async () => {
    const held = await bytesHeld();
    await expectRefused(['put', join(folder, 'large'), '/large'], {
      exit: EXIT.insufficient,
      code: 'NOT_ENOUGH_SPACE',
      naming: [/2 copies of 30.0 MB/, /node-1 has .* left/, /node-2 has .* left/],
    });
    expect(await bytesHeld()).toBe(held);
    expect(await namesInRoot()).toEqual(['there']);
  });

  test('a folder that the nodes have no room for is refused as a whole', async () => {
    const tree = await world.folder();
    for (let index = 0; index < 25; index += 1) await writeContent(join(tree, `${index}`), `part ${index}`, MB);
    const held = await bytesHeld();
    await expectRefused(['put', tree, '/tree'], {
      exit: EXIT.insufficient,
      code: 'NOT_ENOUGH_SPACE',
      naming: [/2 copies of 25.0 MB/],
    });
    expect(await bytesHeld()).toBe(held);
    expect(await namesInRoot()).toEqual(['there']);
  });
});

describe.concurrent('what does not exist', () => {
  test.each([
    ['get', '/missing', 'out'],
    ['get', '/there/below', 'out'],
    ['cat', '/missing'],
    ['ls', '/missing'],
    ['put', 'missing-here', '/target'],
  ])('%s %s says so and leaves nothing', async (...args) => {
    const empty = await world.folder();
    const there = args[1] === '/there/below';
    const missing = args.find((arg) => /missing|below/.test(arg)) ?? '';
    const result = await world.cluster.command([...args, '--json'], { cwd: empty });
    const { error } = jsonOf(result, REFUSAL);
    expect({ exit: result.code, code: error.code }).toEqual(
      there ? { exit: EXIT.conflict, code: 'NOT_A_DIRECTORY' } : { exit: EXIT.notFound, code: 'NOT_FOUND' },
    );
    expect(error.message).toContain(there ? '/there' : missing);
    expect(await readdir(empty)).toEqual([]);
  });
});

describe('what the state of things does not allow', () => {
  test('a folder with something in it is not removed without being asked to', async () => {
    await world.ok('mkdir', '-p', '/full/inner');
    await expectRefused(['rm', '/full'], { exit: EXIT.conflict, code: 'DIRECTORY_NOT_EMPTY', naming: [/\/full/] });
    await world.ok('rm', '-r', '/full');
    expect(await namesInRoot()).toEqual(['there']);
  });

  test('a file does not take the place of a folder, nor a folder that of a file', async () => {
    const local = await world.folder();
    await mkdir(join(local, 'there'));
    await world.ok('mkdir', '/folder');
    const onto = await world.command('put', join(local, 'there'), '/there', '--json');
    expect({ exit: onto.code, code: jsonOf(onto, REFUSAL).error.code }).toEqual({ exit: EXIT.conflict, code: 'NOT_A_DIRECTORY' });
    const got = await world.command('get', '/there', join(local), '--json');
    expect({ exit: got.code, code: jsonOf(got, REFUSAL).error.code }).toEqual({ exit: EXIT.conflict, code: 'IS_A_DIRECTORY' });
    expect(await readdir(local)).toEqual(['there']);
  });
});

describe.concurrent('a path is refused', () => {
  test.each([
    ['with a name that is too long', ['put', 'a', `/${'n'.repeat(256)}`]],
    ['with a path that goes up', ['put', 'a', '/x/../y']],
    ['with a reserved name', ['put', 'a', '/.collective']],
  ] as const)('%s', async (_what, args) => {
    const local = await world.folder();
    await writeFile(join(local, 'a'), 'a');
    const { code, stderr } = await world.cluster.command(args, { cwd: local });
    expect(stderr).toMatch(/^Error: .+ \([A-Z_]+\)$/m);
    expect(code).toBe(EXIT.usage);
  });
});

// From here on nobody is there: these come last.
describe('while one of two nodes is away', () => {
  beforeAll(async () => {
    await world.cluster.nodes[1]?.stop();
    await world.statusWhen(({ nodes }) => nodes.some(({ state }) => state !== 'online'));
  });

  test('two copies are refused, and the node is named', async () => {
    await expectRefused(['put', join(folder, 'small'), '/two'], {
      exit: EXIT.insufficient,
      code: 'NOT_ENOUGH_NODES',
      naming: [/2 copies/, /node-2 is (offline|not answering)/],
    });
  });

  test('one copy is stored, and what is there is read', async () => {
    await world.ok('put', '--copies', '1', join(folder, 'small'), '/one');
    expect((await world.ok('cat', '/there')).stdout.equals(contentOf('small', 1000))).toBe(true);
  });

  test('a stream that turns out longer than there is room is refused, and nothing of it is seen', async () => {
    const input = Readable.from(contentPieces('stream', 30 * MB));
    const result = await world.cluster.command(['put', '--copies', '1', '-', '/stream', '--json'], { input });
    expect(result.code).toBe(EXIT.insufficient);
    const { error } = jsonOf(result, REFUSAL);
    expect(['NOT_ENOUGH_SPACE', 'NODE_FULL']).toContain(error.code);
    expect(error.message).toContain('node-1');
    expect(await namesInRoot()).not.toContain('stream');
  });
});

describe('while the coordinator is away', () => {
  beforeAll(async () => {
    await world.cluster.coordinator.stop();
  });

  test.each([
    ['get', '/there', 'out'],
    ['put', 'small', '/new'],
    ['cat', '/there'],
  ])('%s fails within a few seconds, says so and what to do, and leaves nothing', async (...args) => {
    const local = await world.folder();
    await writeFile(join(local, 'small'), 'small');
    const result = await world.cluster.command([...args, '--json'], { cwd: local });
    expect(result.code).toBe(EXIT.unreachable);
    const { error } = jsonOf(result, REFUSAL);
    expect(error.code).toBe('COORDINATOR_UNREACHABLE');
    expect(error.message).toContain(`127.0.0.1:${world.cluster.ports.home}`);
    expect(error.next).toMatch(/collective coordinator start/);
    expect(await readdir(local)).toEqual(['small']);
  });
});

import { describe, expect, it } from 'vitest';
import { CollectiveError, LIMITS } from '../../../src/base/index.js';
import type { TransferProgress } from '../../../src/client/index.js';
import { clientWorld, same, signal, someBytes, type ClientWorld } from './support/world.js';

const KiB = 1024;
const MiB = 1024 * KiB;

interface Options {
  readonly copies?: number;
  readonly onProgress?: (progress: TransferProgress) => void;
}

const put = (world: ClientWorld, source: string, destination: string, options: Options = {}) =>
  world.run(() => world.client.put({ sources: [source], destination, copies: 0, signal, ...options }));

/** The content as the nodes have it, by the committed extents. */
function storedAt(world: ClientWorld, path: string): Uint8Array | undefined {
  const extents = world.coordinator.contentOf(path);
  if (extents === undefined) return undefined;
  const parts = extents.map(({ chunkId, lengthBytes }) => {
    if (chunkId === '') return new Uint8Array(lengthBytes);
    const copies = world.nodes.map((node) => node.chunks.get(chunkId)).filter((copy) => copy !== undefined);
    expect(copies.length).toBeGreaterThanOrEqual(2);
    return copies[0] ?? new Uint8Array();
  });
  return Buffer.concat(parts);
}

/** A put of /file that ends when so many chunks were sent twice. */
async function stopAfter(world: ClientWorld, chunks: number): Promise<void> {
  const controller = new AbortController();
  const intercept = (): void => {
    if (copiesOfAll(world) >= 2 * chunks) controller.abort();
  };
  for (const node of world.nodes) node.intercept = intercept;
  const options = { sources: ['/file'], destination: '/file', copies: 0, signal: controller.signal };
  await expect(world.run(() => world.client.put(options))).rejects.toMatchObject({ code: 'CANCELLED' });
  for (const node of world.nodes) node.intercept = () => undefined;
}

const copiesOfAll = (world: ClientWorld): number => world.nodes.reduce((sum, node) => sum + node.puts, 0);

describe('put', () => {
  it.each([0, 1, 64 * KiB - 1, 64 * KiB, 64 * KiB + 1, MiB - 1, MiB, MiB + 1, 3 * MiB, 5 * MiB + 7])(
    'stores a file of %i bytes as it is, in two copies',
    async (length) => {
      const world = await clientWorld();
      const bytes = someBytes(length, length);
      world.local.addFile('/file', bytes);
      const report = await put(world, '/file', '/file');
      expect(same(storedAt(world, '/file'), bytes)).toBe(true);
      expect(report).toMatchObject({ files: 1, bytes: length, copies: 2, sentBytes: 2 * length, failures: [] });
      expect([...world.coordinator.uploads.values()].map(({ state }) => state)).toEqual(['closed']);
    },
  );

  it('keeps mode and time of a file', async () => {
    const world = await clientWorld();
    world.local.addFile('/file', 'text', 0o640, { seconds: -5, nanoseconds: 7 });
    await put(world, '/file', '/file');
    expect(world.coordinator.tree.get('/file')).toMatchObject({ mode: 0o640, modified: { seconds: -5, nanoseconds: 7 } });
  });

  it('keeps runs of zeros as one hole each, and sends none of them', async () => {
    const world = await clientWorld();
    const bytes = new Uint8Array(8 * MiB);
    bytes.set(someBytes('middle', MiB), 4 * MiB);
    world.local.addFile('/file', bytes);
    const report = await put(world, '/file', '/file');
    expect(world.coordinator.contentOf('/file')).toMatchObject([
      { offsetBytes: 0, lengthBytes: 4 * MiB, chunkId: '' },
      { offsetBytes: 4 * MiB, lengthBytes: MiB },
      { offsetBytes: 5 * MiB, lengthBytes: 3 * MiB, chunkId: '' },
    ]);
    expect(report).toMatchObject({ holeBytes: 7 * MiB, sentBytes: 2 * MiB });
  });

  it('sends nothing of content that the nodes hold', async () => {
    const world = await clientWorld();
    world.local.addFile('/file', someBytes('known', 3 * MiB));
    await put(world, '/file', '/first');
    const before = copiesOfAll(world);
    const report = await put(world, '/file', '/second');
    expect(copiesOfAll(world)).toBe(before);
    expect(report).toMatchObject({ sentBytes: 0, knownBytes: 3 * MiB });
    expect(same(storedAt(world, '/second'), storedAt(world, '/first'))).toBe(true);
  });

  it.each([3, 55])('sends only the rest of a file when it was stopped after %i chunks', async (chunks) => {
    const world = await clientWorld();
    const bytes = someBytes('stopped', 60 * MiB);
    world.local.addFile('/file', bytes);
    await stopAfter(world, chunks);
    const [before, known] = [copiesOfAll(world), world.coordinator.chunksOnRecord];
    expect(known).toBeGreaterThanOrEqual(chunks - LIMITS.clientChunkBuffers * 4);
    const seen: { readonly bytes: number; readonly knownBytes: number }[] = [];
    const onProgress = (progress: TransferProgress): unknown => seen.push(progress);
    const report = await put(world, '/file', '/file', { onProgress });
    expect(copiesOfAll(world) - before).toBe(2 * (60 - known));
    expect(report).toMatchObject({ sentBytes: 2 * (60 - known) * MiB, knownBytes: known * MiB });
    expect(seen.at(-1)).toMatchObject({ bytes: 60 * MiB, knownBytes: known * MiB });
    expect(same(storedAt(world, '/file'), bytes)).toBe(true);
  });

  it('sends what changed in a file since it was stopped, and stores the new content', async () => {
    const world = await clientWorld();
    const bytes = someBytes('before', 60 * MiB);
    world.local.addFile('/file', bytes);
    await stopAfter(world, 58);
    const known = world.coordinator.chunksOnRecord;
    const changed = Buffer.from(bytes);
    changed[5] = (changed[5] ?? 0) ^ 1;
    world.local.addFile('/file', changed);
    const report = await put(world, '/file', '/file');
    expect(report.sentBytes).toBe(2 * (60 - known + 1) * MiB);
    expect(same(storedAt(world, '/file'), changed)).toBe(true);
  });

  it('sends a chunk that a file has many times once', async () => {
    const world = await clientWorld();
    const chunk = someBytes('again', MiB);
    world.local.addFile('/file', Buffer.concat([chunk, chunk, chunk]));
    const report = await put(world, '/file', '/file');
    expect(report).toMatchObject({ sentBytes: 2 * MiB, knownBytes: 2 * MiB });
  });

  it('sends content again to a node that lost it', async () => {
    const world = await clientWorld(2);
    world.local.addFile('/file', someBytes('lost', 100));
    await put(world, '/file', '/file');
    world.nodes[0]?.chunks.clear();
    await put(world, '/file', '/file');
    expect(world.nodes[0]?.chunks.size).toBe(1);
  });

  it('stores a folder with its files, folders and symlinks', async () => {
    const world = await clientWorld();
    const time = { seconds: 1_000_000_000, nanoseconds: 1 };
    world.local.addDirectory('/tree', 0o750, time);
    world.local.addDirectory('/tree/sub', 0o700, time);
    world.local.addDirectory('/tree/empty');
    world.local.addFile('/tree/a', 'a');
    world.local.addFile('/tree/sub/b', 'b');
    world.local.addSymlink('/tree/link', 'sub/b');
    const report = await put(world, '/tree', '/stored');
    expect(report).toMatchObject({ files: 2, directories: 3, symlinks: 1 });
    expect([...world.coordinator.tree.keys()].sort()).toEqual(
      ['/', '/stored', '/stored/a', '/stored/empty', '/stored/link', '/stored/sub', '/stored/sub/b'].sort(),
    );
    expect(world.coordinator.tree.get('/stored/sub')).toMatchObject({ mode: 0o700, modified: time });
    expect(world.coordinator.tree.get('/stored/link')).toMatchObject({ target: 'sub/b' });
  });

  it('commits thousands of small files in few calls', async () => {
    const world = await clientWorld();
    world.local.addDirectory('/many');
    for (let index = 0; index < 1500; index += 1) world.local.addFile(`/many/${index}`, `file ${index}`);
    const report = await put(world, '/many', '/many');
    expect(report.files).toBe(1500);
    const commits = world.coordinator.calls.filter((method) => method === 'commitFiles').length;
    const places = world.coordinator.calls.filter((method) => method === 'placeChunks').length;
    expect(commits).toBeLessThan(20);
    expect(places).toBeLessThan(20);
  });

  it('keeps long files in lists of extents, in order', async () => {
    const world = await clientWorld();
    const chunks = 700;
    const bytes = someBytes('long', chunks * 8);
    // Chunks of 1 MiB that begin with different bytes: no two are the same, none is all zeros.
    const content = new Uint8Array(100 * MiB);
    for (let index = 0; index < 100; index += 1) content.set(bytes.subarray(index * 8, index * 8 + 8), index * MiB);
    world.local.addFile('/long', content);
    await put(world, '/long', '/long');
    expect(world.coordinator.calls).toContain('recordExtents');
    expect(same(storedAt(world, '/long'), content)).toBe(true);
  });

  it('holds no more chunks in memory than it may', async () => {
    const world = await clientWorld();
    let most = 0;
    const own = world.local.alignedBuffer.bind(world.local);
    world.local.alignedBuffer = (bytes) => {
      most += bytes;
      return own(bytes);
    };
    const content = new Uint8Array(96 * MiB);
    for (let index = 0; index < 96; index += 1) content[index * MiB] = index + 1;
    world.local.addFile('/large', content);
    await put(world, '/large', '/large');
    expect(most).toBeLessThanOrEqual(LIMITS.clientChunkBuffers * LIMITS.chunkBytesLarge);
    for (const node of world.nodes) expect(node.inFlightMost).toBeLessThanOrEqual(LIMITS.requestsInFlightPerConnection);
  });

  it('stores a stream of unknown length, in chunks that grow with it', async () => {
    const world = await clientWorld();
    const bytes = someBytes('stream', 3 * MiB + 11);
    async function* parts(): AsyncGenerator<Uint8Array> {
      for (let offset = 0; offset < bytes.length; offset += 50_001) yield bytes.subarray(offset, offset + 50_001);
    }
    const modified = { seconds: 1, nanoseconds: 2 };
    const report = await world.run(() =>
      world.client.write({ bytes: parts(), path: '/s', mode: 0o600, modified, copies: 0, signal }),
    );
    expect(report).toMatchObject({ files: 1, bytes: bytes.length });
    expect(same(storedAt(world, '/s'), bytes)).toBe(true);
    expect(world.coordinator.tree.get('/s')).toMatchObject({ mode: 0o600, modified });
  });

  it('says how much is coming before it sends any of it', async () => {
    const world = await clientWorld();
    world.local.addFile('/file', someBytes('expected', 300_000));
    await put(world, '/file', '/file');
    expect(world.coordinator.expectedBytes).toBe(300_000);
  });
});

describe('put, where there is little room', () => {
  it('refuses at once what there is no room for, and sends none of it', async () => {
    const world = await clientWorld();
    world.coordinator.roomBytes = MiB;
    world.local.addFile('/file', someBytes('too much', 3 * MiB));
    await expect(put(world, '/file', '/file')).rejects.toMatchObject({ code: 'NOT_ENOUGH_SPACE' });
    expect(copiesOfAll(world)).toBe(0);
  });

  it('stores what the nodes hold already', async () => {
    const world = await clientWorld();
    const content = someBytes('held', 3 * MiB);
    world.local.addFile('/file', content);
    await put(world, '/file', '/first');
    world.coordinator.roomBytes = MiB + 100;
    world.local.addFile('/file', Buffer.concat([content, someBytes('little more', 100)]));
    const report = await put(world, '/file', '/second');
    expect(report).toMatchObject({ files: 1, sentBytes: 200 });
    expect(world.coordinator.expectedBytes).toBe(100);
  });
});

describe('put, when something goes wrong', () => {
  it('stores nothing of a file that changes while it is read', async () => {
    const world = await clientWorld();
    world.local.addFile('/file', someBytes('before', 3 * MiB));
    world.local.onRead = (path, position) => {
      if (position === 2 * MiB) world.local.change(path, someBytes('after', 3 * MiB));
    };
    const report = await put(world, '/file', '/file');
    expect(report.failures.map(({ error }) => error.code)).toEqual(['SOURCE_CHANGED']);
    expect(world.coordinator.contentOf('/file')).toBeUndefined();
  });

  it('stores nothing of a file that becomes shorter while it is read', async () => {
    const world = await clientWorld();
    world.local.addFile('/file', someBytes('before', 3 * MiB));
    world.local.onRead = (path, position) => {
      if (position === MiB) world.local.change(path, someBytes('after', MiB + 5));
    };
    const report = await put(world, '/file', '/file');
    expect(report.failures.map(({ error }) => error.code)).toEqual(['SOURCE_CHANGED']);
    expect(world.coordinator.contentOf('/file')).toBeUndefined();
  });

  it('leaves out what cannot be stored, and stores the rest', async () => {
    const world = await clientWorld();
    world.local.addDirectory('/tree');
    world.local.addFile('/tree/good', 'good');
    world.local.addOther('/tree/pipe');
    world.local.addSymlink('/tree/dangling', '/nowhere');
    const report = await put(world, '/tree', '/tree');
    expect(report).toMatchObject({ files: 1, symlinks: 1, failureCount: 1 });
    expect(report.failures).toMatchObject([{ path: '/tree/pipe', error: { code: 'UNSUPPORTED' } }]);
  });

  it('reports a file that the coordinator refuses, and stores the rest', async () => {
    const world = await clientWorld();
    world.local.addDirectory('/tree');
    world.local.addFile('/tree/a', 'a');
    world.local.addFile('/tree/b', 'b');
    await put(world, '/tree', '/tree');
    const row = world.coordinator.tree.get('/');
    if (row !== undefined) world.coordinator.tree.set('/tree/a', { ...row, versions: [] });
    const report = await put(world, '/tree', '/');
    expect(report).toMatchObject({ files: 1, failures: [{ path: '/tree/a', error: { code: 'IS_A_DIRECTORY' } }] });
  });

  it('goes to another node when one is full, cannot be reached, or ends in the middle', async () => {
    for (const code of ['NODE_FULL', 'NODE_UNREACHABLE', 'NODE_READ_ONLY', 'INTERNAL'] as const) {
      const world = await clientWorld();
      const content = someBytes(code, 6 * MiB);
      world.local.addFile('/file', content);
      const [broken] = world.nodes;
      if (broken === undefined) throw new Error('there are nodes');
      broken.intercept = (request) => {
        if (request === 'put' && broken.puts >= 2) throw new CollectiveError(code, 'no more');
      };
      await put(world, '/file', '/file');
      expect(same(storedAt(world, '/file'), content)).toBe(true);
    }
  });

  it('counts only copies that a node has signed for', async () => {
    const world = await clientWorld();
    world.local.addFile('/file', someBytes('unsigned', 100));
    const [broken] = world.nodes;
    if (broken === undefined) throw new Error('there are nodes');
    broken.intercept = (request) => {
      if (request === 'receipt') throw new CollectiveError('NODE_UNREACHABLE', 'gone');
    };
    await put(world, '/file', '/file');
    expect(world.nodes.slice(1).map(({ chunks }) => chunks.size)).toEqual([1, 1]);
  });

  it('asks for a new ticket when one is over, and does not avoid the node for it', async () => {
    const world = await clientWorld(2);
    world.local.addFile('/file', someBytes('ticket', 100));
    let refusals = 0;
    const [node] = world.nodes;
    if (node === undefined) throw new Error('there are nodes');
    node.intercept = (request) => {
      if (request !== 'put' || refusals > 0) return;
      refusals += 1;
      throw new CollectiveError('TICKET_EXPIRED', 'over');
    };
    await put(world, '/file', '/file');
    expect(refusals).toBe(1);
    expect(node.chunks.size).toBe(1);
  });

  it('stores elsewhere what a node holds that cannot be reached, though the coordinator sees it', async () => {
    const world = await clientWorld(3);
    world.local.addFile('/file', someBytes('broken port', 40 * MiB));
    await put(world, '/file', '/first');
    const [broken] = world.nodes;
    if (broken === undefined) throw new Error('there are nodes');
    let tries = 0;
    broken.intercept = () => {
      tries += 1;
      throw new CollectiveError('NODE_UNREACHABLE', 'nobody answers there');
    };
    const begin = world.time.nowMs;
    expect(await put(world, '/file', '/second')).toMatchObject({ files: 1, fewestCopies: 2, filesBelow: 0, failures: [] });
    expect(world.time.nowMs - begin).toBeLessThan(2000);
    expect(tries).toBeLessThanOrEqual(2 * LIMITS.uploadGroupsInFlight);
  });

  it('is content with fewer copies where those are enough and there are no more nodes, and says how many there are', async () => {
    const world = await clientWorld(1);
    world.coordinator.minimumCopies = 1;
    const bytes = someBytes('alone', 3 * MiB);
    world.local.addFile('/file', bytes);
    expect(await put(world, '/file', '/file')).toMatchObject({
      copies: 2,
      fewestCopies: 1,
      filesBelow: 1,
      sentBytes: 3 * MiB,
      failures: [],
    });
    expect(world.time.nowMs).toBeLessThan(1000);
    await expect(put(world, '/file', '/other', { copies: 2 })).rejects.toMatchObject({ code: 'NOT_ENOUGH_NODES' });
  });

  it('tries a failing node once more, then is content with what is enough', async () => {
    const world = await clientWorld(2);
    world.coordinator.minimumCopies = 1;
    world.local.addFile('/file', someBytes('half', 3 * MiB));
    const [, broken] = world.nodes;
    if (broken === undefined) throw new Error('there are nodes');
    broken.intercept = () => {
      throw new CollectiveError('NODE_UNREACHABLE', 'broken');
    };
    expect(await put(world, '/file', '/file')).toMatchObject({ copies: 2, fewestCopies: 1, failures: [] });
    expect(world.time.nowMs).toBeLessThan(LIMITS.transferPatienceMs / 2);
  });

  it('makes the second copy of what had only one as soon as there is a node for it', async () => {
    const world = await clientWorld(2);
    world.coordinator.minimumCopies = 1;
    world.local.addFile('/file', someBytes('later', 3 * MiB));
    const [, second] = world.nodes;
    if (second === undefined) throw new Error('there are nodes');
    second.online = false;
    expect(await put(world, '/file', '/file')).toMatchObject({ fewestCopies: 1, sentBytes: 3 * MiB });
    second.online = true;
    expect(await put(world, '/file', '/file')).toMatchObject({ fewestCopies: 2, sentBytes: 3 * MiB });
  });

  it('waits a while for nodes to come back, then gives up and says so', async () => {
    const world = await clientWorld(2);
    world.local.addFile('/file', someBytes('away', 100));
    for (const node of world.nodes) {
      node.intercept = () => {
        throw new CollectiveError('NODE_UNREACHABLE', `${node.name} is gone`);
      };
    }
    await expect(put(world, '/file', '/file')).rejects.toMatchObject({ code: 'NODE_UNREACHABLE' });
    expect(world.time.nowMs).toBeGreaterThanOrEqual(LIMITS.transferPatienceMs);
    expect(world.coordinator.contentOf('/file')).toBeUndefined();
    expect([...world.coordinator.uploads.values()].map(({ state }) => state)).toEqual(['abandoned']);
  });

  it.each(['NODE_FULL', 'NODE_READ_ONLY'] as const)(
    'does not wait where a node answers %s and there is no other, and names it',
    async (code) => {
      const world = await clientWorld(2);
      world.local.addFile('/file', someBytes('refused', 100));
      const [refusing] = world.nodes;
      if (refusing === undefined) throw new Error('there are nodes');
      refusing.intercept = (request) => {
        if (request === 'put') throw new CollectiveError(code, 'no');
      };
      const refused = { code, message: `${refusing.name}: no`, details: { node: refusing.name } };
      await expect(put(world, '/file', '/file')).rejects.toMatchObject(refused);
      expect(world.time.nowMs).toBeLessThan(5000);
    },
  );

  it('waits for a node that is away though another one refuses', async () => {
    const world = await clientWorld(3);
    world.local.addFile('/file', someBytes('refused and away', 100));
    const [refusing, away] = world.nodes;
    if (refusing === undefined || away === undefined) throw new Error('there are nodes');
    refusing.intercept = (request) => {
      if (request === 'put') throw new CollectiveError('NODE_FULL', 'no');
    };
    away.intercept = () => {
      if (world.time.nowMs < 15_000) throw new CollectiveError('NODE_UNREACHABLE', 'starting');
    };
    await put(world, '/file', '/file');
    expect(world.nodes.map(({ chunks }) => chunks.size)).toEqual([0, 1, 1]);
  });

  it('refuses at once when there are too few nodes', async () => {
    const world = await clientWorld(1);
    world.local.addFile('/file', 'text');
    await expect(put(world, '/file', '/file')).rejects.toMatchObject({ code: 'NOT_ENOUGH_NODES' });
    expect(copiesOfAll(world)).toBe(0);
    expect(world.time.nowMs).toBe(0);
  });

  it.each(['openUpload', 'placeChunks', 'recordExtents', 'commitFiles', 'closeUpload'] as const)(
    'carries out %s once, though its answer is lost and it is asked again',
    async (method) => {
      const world = await clientWorld();
      const content = new Uint8Array(70 * MiB);
      for (let index = 0; index < 70; index += 1) content[index * MiB] = index + 1;
      world.local.addFile('/file', content);
      let lost = 0;
      world.coordinator.intercept = (called, done) => {
        if (called !== method || !done || lost >= 2) return;
        lost += 1;
        throw new CollectiveError('COORDINATOR_UNREACHABLE', 'the answer is lost');
      };
      const report = await put(world, '/file', '/file');
      expect(report).toMatchObject({ files: 1, failures: [] });
      expect(world.coordinator.tree.get('/file')?.versions).toHaveLength(1);
      expect(lost).toBe(2);
    },
  );

  it('gives up soon where the coordinator never answered, and later where it did', async () => {
    const never = await clientWorld();
    never.local.addFile('/file', 'text');
    never.coordinator.intercept = () => {
      throw new CollectiveError('COORDINATOR_UNREACHABLE', 'not there');
    };
    await expect(never.run(() => never.client.remove('/file', false, signal))).rejects.toMatchObject({
      code: 'COORDINATOR_UNREACHABLE',
    });
    expect(never.time.nowMs).toBeLessThan(2 * LIMITS.firstContactPatienceMs);

    const later = await clientWorld();
    later.local.addFile('/file', 'text');
    later.coordinator.intercept = (method) => {
      if (method === 'placeChunks') throw new CollectiveError('COORDINATOR_UNREACHABLE', 'gone');
    };
    await expect(put(later, '/file', '/file')).rejects.toMatchObject({ code: 'COORDINATOR_UNREACHABLE' });
    expect(later.time.nowMs).toBeGreaterThan(LIMITS.transferPatienceMs - 5000);
  });

  it('leaves nothing visible when it is cancelled, at whatever point', async () => {
    for (let after = 1; after <= 12; after += 1) {
      const world = await clientWorld();
      world.local.addFile('/file', someBytes(after, 6 * MiB));
      const controller = new AbortController();
      let requests = 0;
      for (const node of world.nodes) {
        node.intercept = () => {
          requests += 1;
          if (requests === after) controller.abort();
        };
      }
      const putting = world.run(() =>
        world.client.put({ sources: ['/file'], destination: '/file', copies: 0, signal: controller.signal }),
      );
      await expect(putting).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(world.coordinator.contentOf('/file')).toBeUndefined();
      expect([...world.coordinator.uploads.values()].map(({ state }) => state)).toEqual(['abandoned']);
      expect(world.nodes.every(({ inFlight }) => inFlight === 0)).toBe(true);
    }
  });

  it('ends when it is cancelled while its input keeps it waiting', async () => {
    const world = await clientWorld();
    const controller = new AbortController();
    async function* silent(): AsyncGenerator<Uint8Array> {
      yield someBytes('first', 100);
      controller.abort();
      await new Promise(() => undefined);
    }
    const writing = world.run(() =>
      world.client.write({
        bytes: silent(),
        path: '/s',
        mode: 0o600,
        modified: { seconds: 0, nanoseconds: 0 },
        copies: 0,
        signal: controller.signal,
      }),
    );
    await expect(writing).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(world.coordinator.contentOf('/s')).toBeUndefined();
  });
});

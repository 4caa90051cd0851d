import { describe, expect, it } from 'vitest';
import { CollectiveError, LIMITS } from '../../../src/base/index.js';
import { clientWorld, same, signal, someBytes, type ClientWorld } from './support/world.js';

const KiB = 1024;
const MiB = 1024 * KiB;

/** A world in which the file was stored. */
async function worldWith(content: Uint8Array, path = '/file'): Promise<ClientWorld> {
  const world = await clientWorld(2);
  world.local.addFile('/source', content);
  await world.run(() => world.client.put({ sources: ['/source'], destination: path, copies: 0, signal }));
  return world;
}

const get = (world: ClientWorld, source = '/file', destination = '/back', controller = new AbortController()) =>
  world.run(() => world.client.get({ sources: [source], destination, signal: controller.signal }));

const BOTH: unknown = expect.arrayContaining(['node-1', 'node-2']);

const chunksOf = (world: ClientWorld): readonly string[] =>
  (world.coordinator.contentOf('/file') ?? []).map(({ chunkId }) => chunkId).filter((chunkId) => chunkId !== '');

async function poured(world: ClientWorld, path = '/file'): Promise<Buffer> {
  const parts: Buffer[] = [];
  const take = (bytes: Uint8Array): Promise<void> => {
    parts.push(Buffer.from(bytes));
    return Promise.resolve();
  };
  await world.run(() => world.client.read(path, take, { signal }));
  return Buffer.concat(parts);
}

describe('get', () => {
  it.each([0, 1, 64 * KiB, 64 * KiB + 1, MiB, 5 * MiB + 7])('brings back a file of %i bytes as it was', async (length) => {
    const content = someBytes(length, length);
    const world = await worldWith(content);
    const report = await get(world);
    expect(same(world.local.contentOf('/back'), content)).toBe(true);
    expect(report).toMatchObject({ files: 1, bytes: length, failures: [] });
    expect(world.local.unfinished).toBe(0);
  });

  it('brings back mode and time', async () => {
    const world = await clientWorld(2);
    world.local.addFile('/source', 'text', 0o751, { seconds: -7, nanoseconds: 5 });
    await world.run(() => world.client.put({ sources: ['/source'], destination: '/file', copies: 0, signal }));
    await get(world);
    expect(world.local.things.get('/back')).toMatchObject({ mode: 0o751, modified: { seconds: -7, nanoseconds: 5 } });
  });

  it('leaves holes where the original has zeros', async () => {
    const content = Buffer.concat([new Uint8Array(4 * MiB), someBytes('end', 5)]);
    const world = await worldWith(content);
    await get(world);
    expect(same(world.local.contentOf('/back'), content)).toBe(true);
    expect(world.nodes.reduce((sum, { gets }) => sum + gets, 0)).toBe(1);
  });

  it('brings back a folder with its files, folders, symlinks, modes and times', async () => {
    const world = await clientWorld(2);
    const time = { seconds: 1_000_000_000, nanoseconds: 0 };
    world.local.addDirectory('/tree', 0o750, time);
    world.local.addDirectory('/tree/sub', 0o500, time);
    for (const name of ['a', 'b', 'c', 'd', 'e']) world.local.addFile(`/tree/sub/${name}`, name);
    world.local.addSymlink('/tree/link', 'sub/a');
    await world.run(() => world.client.put({ sources: ['/tree'], destination: '/tree', copies: 0, signal }));
    const report = await get(world, '/tree', '/copy');
    expect(report).toMatchObject({ files: 5, directories: 2, symlinks: 1, failures: [] });
    const paths = [...world.local.things.keys()].filter((path) => path.startsWith('/copy')).sort();
    expect(paths).toEqual(['/copy', '/copy/link', '/copy/sub', ...['a', 'b', 'c', 'd', 'e'].map((name) => `/copy/sub/${name}`)]);
    expect(world.local.things.get('/copy/sub')).toMatchObject({ mode: 0o500, modified: time });
    expect(world.local.things.get('/copy/link')).toMatchObject({ target: 'sub/a' });
  });

  it('holds no more chunks in memory than it may, and asks no node for too much at once', async () => {
    const content = new Uint8Array(101 * MiB);
    for (let index = 0; index < 101; index += 1) content[index * MiB] = index + 1;
    const world = await worldWith(content);
    let allocated = 0;
    const own = world.local.alignedBuffer.bind(world.local);
    world.local.alignedBuffer = (bytes) => {
      allocated += bytes;
      return own(bytes);
    };
    await get(world);
    expect(same(world.local.contentOf('/back'), content)).toBe(true);
    expect(allocated).toBeLessThanOrEqual(LIMITS.clientChunkBuffers * LIMITS.chunkBytesLarge);
    for (const node of world.nodes) expect(node.inFlightMost).toBeLessThanOrEqual(LIMITS.requestsInFlightPerConnection);
  });

  it('reads from all holders', async () => {
    const world = await worldWith(someBytes('both', 20 * MiB));
    await get(world);
    for (const node of world.nodes) expect(node.gets).toBeGreaterThan(4);
  });

  it('goes on from where it was when the answer of the coordinator breaks off', async () => {
    const content = someBytes('broken off', 30 * MiB);
    const world = await worldWith(content);
    let breaks = 0;
    world.coordinator.intercept = (method, done) => {
      if (method !== 'readFiles' || !done || breaks >= 3) return;
      breaks += 1;
      throw new CollectiveError('COORDINATOR_UNREACHABLE', 'gone');
    };
    await get(world);
    expect(breaks).toBe(3);
    expect(same(world.local.contentOf('/back'), content)).toBe(true);
  });

  it('reads the file it began with to the end, though another one takes its place and the answer breaks off', async () => {
    const [content, other] = [someBytes('first', 30 * MiB), someBytes('second', 30 * MiB)];
    const world = await worldWith(content);
    world.local.addFile('/other source', other);
    await world.run(() => world.client.put({ sources: ['/other source'], destination: '/other', copies: 0, signal }));
    const replacing = world.coordinator.tree.get('/other');
    let breaks = 0;
    world.coordinator.intercept = (method, done) => {
      if (method !== 'readFiles' || !done || breaks > 0 || replacing === undefined) return;
      breaks += 1;
      world.coordinator.tree.set('/file', replacing);
      throw new CollectiveError('COORDINATOR_UNREACHABLE', 'gone');
    };
    await get(world);
    expect(breaks).toBe(1);
    expect(same(world.local.contentOf('/back'), content)).toBe(true);
  });

  it('reads the version it began with to the end, though a new one is committed meanwhile', async () => {
    const content = someBytes('old', 30 * MiB);
    const world = await worldWith(content);
    let changed = false;
    world.coordinator.intercept = (method, done) => {
      if (method !== 'readFiles' || !done || changed) return;
      changed = true;
      const row = world.coordinator.tree.get('/file');
      row?.versions.push({ extents: [], bytes: 0 });
      throw new CollectiveError('COORDINATOR_UNREACHABLE', 'gone');
    };
    await get(world);
    expect(same(world.local.contentOf('/back'), content)).toBe(true);
  });
});

describe('get, when copies are bad', () => {
  it('reads the other copy when one has a flipped bit, and reports the bad one', async () => {
    const content = someBytes('flipped', 5 * MiB);
    const world = await worldWith(content);
    const [first = ''] = chunksOf(world);
    for (const node of world.nodes.slice(0, 1)) node.flip(first);
    await get(world);
    await get(world);
    expect(same(world.local.contentOf('/back'), content)).toBe(true);
    expect(world.coordinator.damage).toEqual([
      { chunkId: first, nodeId: world.nodes[0]?.id, memberId: '', path: '/file', code: 'CHUNK_DAMAGED' },
    ]);
  });

  it('reads the other copy when one is gone, and reports the missing one', async () => {
    const content = someBytes('deleted', 5 * MiB);
    const world = await worldWith(content);
    world.nodes[1]?.chunks.clear();
    await get(world);
    expect(same(world.local.contentOf('/back'), content)).toBe(true);
    expect(new Set(world.coordinator.damage.map(({ code }) => code))).toEqual(new Set(['CHUNK_UNKNOWN']));
    expect(world.coordinator.damage.every(({ nodeId }) => nodeId === world.nodes[1]?.id)).toBe(true);
  });

  it('names file, chunk and nodes when no copy is whole, writes no file, and does not wait', async () => {
    const world = await worldWith(someBytes('all bad', 5 * MiB));
    const [, second = ''] = chunksOf(world);
    for (const node of world.nodes) node.flip(second);
    const before = world.time.nowMs;
    const report = await get(world);
    expect(report.failures).toMatchObject([
      {
        path: '/file',
        error: {
          code: 'CHUNK_UNAVAILABLE',
          details: { path: '/file', chunk: second, nodes: BOTH },
        },
      },
    ]);
    expect(report.failures[0]?.error.message).toMatch(/node-1.*node-2|node-2.*node-1/);
    expect(world.local.things.has('/back')).toBe(false);
    expect(world.local.unfinished).toBe(0);
    expect(world.time.nowMs - before).toBeLessThan(1000);
  });

  it('does not call the copy of a member that is away damaged, nor tells anybody to put the file again', async () => {
    const world = await worldWith(someBytes('with bob', 5 * MiB));
    const [, second = ''] = chunksOf(world);
    for (const node of world.nodes) node.flip(second);
    world.coordinator.awayNames = ['bob'];
    const report = await get(world);
    const [failure] = report.failures;
    expect(failure?.error).toMatchObject({ code: 'CHUNK_UNAVAILABLE', details: { away: ['bob'] } });
    expect(failure?.error.message).toMatch(/bob: away, with a copy\.$/);
    expect(failure?.error.next).toBe('Read it once bob is back (collective peer list).');
  });

  it('says that the client was revoked, when that happens in the midst of it', async () => {
    const world = await worldWith(someBytes('revoked', 5 * MiB));
    const revoked = new CollectiveError('CERTIFICATE_REVOKED', 'This client was revoked.');
    for (const node of world.nodes) {
      node.intercept = () => {
        world.coordinator.intercept = () => {
          throw revoked;
        };
        throw new CollectiveError('NODE_UNREACHABLE', 'It closed the connection.');
      };
    }
    const outcome = await get(world).then(
      ({ failures }) => failures.map(({ error }) => error.code),
      (error: unknown) => [error instanceof CollectiveError ? error.code : String(error)],
    );
    expect(new Set(outcome)).toEqual(new Set(['CERTIFICATE_REVOKED']));
  });

  it('waits a while for holders that cannot be reached, then names them', async () => {
    const world = await worldWith(someBytes('away', 100));
    for (const node of world.nodes) {
      node.online = false;
      node.intercept = () => {
        throw new CollectiveError('NODE_UNREACHABLE', 'away');
      };
    }
    const before = world.time.nowMs;
    const report = await get(world);
    expect(report.failures).toMatchObject([{ error: { code: 'CHUNK_UNAVAILABLE', details: { nodes: BOTH } } }]);
    expect(world.time.nowMs - before).toBeGreaterThanOrEqual(LIMITS.chunkPatienceMs);
  });

  it('tells once what it waits for', async () => {
    const world = await worldWith(someBytes('away', 5 * MiB));
    for (const node of world.nodes) {
      node.online = false;
      node.intercept = () => {
        throw new CollectiveError('NODE_UNREACHABLE', 'away');
      };
    }
    world.coordinator.awayNames = ['bob'];
    await get(world);
    expect(world.waits).toHaveLength(1);
    expect(world.waits[0]).toMatchObject({ path: '/file', members: ['bob'] });
    expect(world.waits[0]?.nodes.toSorted()).toEqual(BOTH);
  });

  it('does not wait for holders that the coordinator has not heard of for as long', async () => {
    const world = await worldWith(someBytes('gone', 100));
    for (const node of world.nodes) {
      node.online = false;
      node.intercept = () => {
        throw new CollectiveError('NODE_UNREACHABLE', 'away');
      };
    }
    world.coordinator.refusingNames = ['carol'];
    world.coordinator.outOfReach = true;
    const before = world.time.nowMs;
    const [failure] = (await get(world)).failures;
    expect(failure?.error).toMatchObject({ code: 'CHUNK_UNAVAILABLE', details: { nodes: BOTH, refusing: ['carol'] } });
    expect(failure?.error.next).toBe(
      'Start the nodes named here (collective node list); or talk with the people of carol (collective peer list).',
    );
    expect(world.time.nowMs - before).toBeLessThan(1000);
    expect(world.waits).toEqual([]);
  });

  it('reads on when a node comes back in time', async () => {
    const content = someBytes('back', 5 * MiB);
    const world = await worldWith(content);
    const before = world.time.nowMs;
    for (const node of world.nodes) {
      node.intercept = () => {
        if (world.time.nowMs - before < 3000) throw new CollectiveError('NODE_UNREACHABLE', 'starting');
      };
    }
    await get(world);
    expect(same(world.local.contentOf('/back'), content)).toBe(true);
    expect(world.coordinator.damage).toEqual([]);
  });

  it('asks for a new ticket when one is over', async () => {
    const content = someBytes('tickets', 5 * MiB);
    const world = await worldWith(content);
    let refusals = 0;
    for (const node of world.nodes) {
      node.intercept = (request) => {
        if (request !== 'get' || refusals >= 6) return;
        refusals += 1;
        throw new CollectiveError('TICKET_EXPIRED', 'over');
      };
    }
    await get(world);
    expect(same(world.local.contentOf('/back'), content)).toBe(true);
    expect(world.coordinator.damage).toEqual([]);
  });

  it('brings back the other files of a folder when one cannot be read', async () => {
    const world = await clientWorld(2);
    world.local.addDirectory('/tree');
    for (const name of ['a', 'b', 'c']) world.local.addFile(`/tree/${name}`, someBytes(name, 1000));
    await world.run(() => world.client.put({ sources: ['/tree'], destination: '/tree', copies: 0, signal }));
    const [lost] = world.coordinator.contentOf('/tree/b') ?? [];
    for (const node of world.nodes) node.chunks.delete(lost?.chunkId ?? '');
    const report = await get(world, '/tree', '/copy');
    expect(report).toMatchObject({ files: 2, failureCount: 1, failures: [{ path: '/tree/b' }] });
    expect([...world.local.things.keys()].filter((path) => path.startsWith('/copy/'))).toEqual(['/copy/a', '/copy/c']);
  });
});

describe('get, when this machine is in the way', () => {
  it('stops at a full disk and leaves nothing behind', async () => {
    const world = await worldWith(someBytes('full', 5 * MiB));
    world.local.writeFails = 'ENOSPC';
    await expect(get(world)).rejects.toMatchObject({ code: 'IO_FAILED', details: { errno: 'ENOSPC' } });
    expect(world.local.unfinished).toBe(0);
    expect(world.local.partial.size).toBe(0);
    expect(world.local.things.has('/back')).toBe(false);
  });

  it('leaves the old file as it was when the new one cannot be had', async () => {
    const world = await worldWith(someBytes('replaced', 100));
    world.local.addFile('/back', 'old');
    for (const node of world.nodes) node.chunks.clear();
    await get(world);
    expect(new TextDecoder().decode(world.local.contentOf('/back'))).toBe('old');
  });

  it('shows nothing of a file when it is cancelled, at whatever point', async () => {
    for (let after = 1; after <= 6; after += 1) {
      const world = await worldWith(someBytes(after, 6 * MiB));
      const controller = new AbortController();
      let gets = 0;
      for (const node of world.nodes) {
        node.intercept = () => {
          gets += 1;
          if (gets === after) controller.abort();
        };
      }
      await expect(get(world, '/file', '/back', controller)).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(world.local.things.has('/back')).toBe(false);
      expect(world.local.unfinished).toBe(0);
    }
  });

  it('fetches only what is missing when it was cancelled, at whatever point', async () => {
    const bytes = Buffer.concat([someBytes('resumed', 3 * MiB), Buffer.alloc(4 * MiB), someBytes('end', 23 * MiB + 5)]);
    for (const after of [1, 6, 20, 26]) {
      const world = await worldWith(bytes);
      const controller = new AbortController();
      const all = (): number => world.nodes.reduce((sum, { gets }) => sum + gets, 0);
      for (const node of world.nodes) node.intercept = () => all() >= after && controller.abort();
      await expect(get(world, '/file', '/back', controller)).rejects.toMatchObject({ code: 'CANCELLED' });
      for (const node of world.nodes) node.intercept = () => undefined;
      const report = await get(world);
      expect(same(world.local.contentOf('/back'), bytes)).toBe(true);
      expect(report.resumedBytes + report.fetchedBytes).toBe(26 * MiB + 5);
      if (after >= 20) expect(report.resumedBytes).toBeGreaterThan(0);
      expect(world.local.partial.size).toBe(0);
    }
  });

  it('uses of an unfinished file only what belongs to the version that it fetches', async () => {
    const bytes = Buffer.concat([someBytes('new', 5 * MiB), Buffer.alloc(2 * MiB), someBytes('tail', 3 * MiB)]);
    const world = await worldWith(bytes);
    const left = Buffer.concat([someBytes('old', 12 * MiB)]);
    bytes.copy(left, 2 * MiB, 2 * MiB, 3 * MiB);
    world.local.partial.set('/back', left);
    const report = await get(world);
    expect(report).toMatchObject({ resumedBytes: MiB, fetchedBytes: 7 * MiB });
    expect(same(world.local.contentOf('/back'), bytes)).toBe(true);
  });

  it('follows no symlink below the folder that it was given', async () => {
    const world = await clientWorld(2);
    world.local.addDirectory('/tree');
    world.local.addDirectory('/tree/sub');
    world.local.addFile('/tree/sub/file', 'x');
    world.local.addFile('/tree/file', 'y');
    await world.run(() => world.client.put({ sources: ['/tree'], destination: '/tree', copies: 0, signal }));
    world.local.addDirectory('/elsewhere');
    world.local.addDirectory('/copy');
    world.local.addDirectory('/copy/tree');
    world.local.addSymlink('/copy/tree/sub', '/elsewhere');
    const report = await get(world, '/tree', '/copy');
    expect(report).toMatchObject({ files: 1, failures: [{ path: '/tree/sub', error: { code: 'NOT_A_DIRECTORY' } }] });
    expect([...world.local.things.keys()].filter((path) => path.startsWith('/elsewhere/'))).toEqual([]);
  });

  it('refuses a name that would lead out of the folder', async () => {
    const world = await clientWorld(2);
    world.local.addDirectory('/tree');
    world.local.addFile('/tree/a', 'a');
    await world.run(() => world.client.put({ sources: ['/tree'], destination: '/tree', copies: 0, signal }));
    world.coordinator.falseNames.set('/tree/a', '..');
    await expect(get(world, '/tree', '/copy')).rejects.toMatchObject({ code: 'NAME_INVALID' });
  });
});

describe('read', () => {
  it('hands the bytes on in order, zeros included, however they arrive', async () => {
    const content = Buffer.concat([someBytes('x', 3 * MiB), new Uint8Array(2 * MiB), someBytes('y', 5 * MiB + 3)]);
    const world = await worldWith(content);
    let turn = 0;
    const [slow] = world.nodes;
    if (slow !== undefined) {
      slow.intercept = (request) => {
        turn += 1;
        if (request === 'get' && turn % 2 === 0) throw new CollectiveError('UNAVAILABLE', 'busy');
      };
    }
    expect(same(await poured(world), content)).toBe(true);
  });

  it('fails with the error of the file, and hands on nothing after the gap', async () => {
    const content = someBytes('gap', 6 * MiB);
    const world = await worldWith(content);
    const third = chunksOf(world)[2] ?? '';
    for (const node of world.nodes) node.flip(third);
    const parts: Buffer[] = [];
    const take = async (bytes: Uint8Array): Promise<void> => {
      parts.push(Buffer.from(bytes));
    };
    const reading = world.run(() => world.client.read('/file', take, { signal }));
    await expect(reading).rejects.toMatchObject({ code: 'CHUNK_UNAVAILABLE' });
    const handedOn = Buffer.concat(parts);
    expect(handedOn.length).toBeLessThanOrEqual(2 * MiB);
    expect(same(handedOn, content.subarray(0, handedOn.length))).toBe(true);
  });

  it('reads no more ahead of a slow reader than the memory takes', async () => {
    const content = new Uint8Array(120 * MiB);
    for (let index = 0; index < 120; index += 1) content[index * MiB] = index + 1;
    const world = await worldWith(content);
    let taken = 0;
    let ahead = 0;
    const take = async (bytes: Uint8Array): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      taken += bytes.length;
      const asked = world.nodes.reduce((sum, { gets }) => sum + gets, 0) * LIMITS.chunkBytesLarge;
      ahead = Math.max(ahead, asked - taken);
    };
    await world.run(() => world.client.read('/file', take, { signal }));
    expect(taken).toBe(content.length);
    expect(ahead).toBeLessThanOrEqual((LIMITS.clientChunkBuffers + 1) * LIMITS.chunkBytesLarge);
  });

  it('says that a folder is not a file', async () => {
    const world = await clientWorld(2);
    await expect(poured(world, '/')).rejects.toMatchObject({ code: 'IS_A_DIRECTORY' });
    await expect(poured(world, '/nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('reading, while the coordinator is away', () => {
  it('gives up soon where it never answered', async () => {
    const world = await clientWorld();
    world.coordinator.intercept = () => {
      throw new CollectiveError('COORDINATOR_UNREACHABLE', 'not there');
    };
    await expect(poured(world)).rejects.toMatchObject({ code: 'COORDINATOR_UNREACHABLE' });
    expect(world.time.nowMs).toBeLessThan(3 * LIMITS.firstContactPatienceMs);
  });
});

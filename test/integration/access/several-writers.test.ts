import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AccessClient, AccessWorld } from './support/access-world.js';
import { commitOf, contentOf, openData, portIn, readAccess, send } from './support/transfers.js';

const signal = new AbortController().signal;
const PATH = '/one-path';
const contents = Array.from({ length: 6 }, (_, index) => contentOf(`${index}`.repeat(1000 + index)));

let world: AccessWorld;
let clients: readonly AccessClient[];

beforeAll(async () => {
  world = await AccessWorld.start({ nodes: ['attic', 'cellar'] });
  clients = [world.client, await world.joinClient('tablet'), await world.joinClient('phone')];
});

afterAll(async () => {
  await world.stop();
});

/** What a client reads of a version, from one of its holders. */
async function readBack(client: AccessClient, version: number): Promise<string> {
  const targets = [{ path: PATH, version, offsetBytes: 0, lengthBytes: 0 }];
  for await (const { extents, nodes } of client.files.readFiles({ targets }, { signal })) {
    const [extent] = extents;
    const access = nodes[extent?.nodes[0] ?? 0];
    if (extent === undefined || access === undefined) break;
    const connection = await openData(world, client.own, portIn(access));
    const { chunk } = contents.find(({ chunk: { chunkId } }) => chunkId === extent.chunkId) ?? contentOf('');
    const slot = await connection.presentTicket({ ticket: access.ticket, chunks: [chunk] }, { signal });
    const bytes = await connection.get(slot, chunk, new Uint8Array(extent.lengthBytes), { signal });
    connection.close();
    return Buffer.from(bytes).toString();
  }
  throw new Error(`version ${version} cannot be read`);
}

describe('several uploads of one path at once', () => {
  it('each becomes a version, whole and alone; the one that was committed last is what is there', async () => {
    const committed = await Promise.all(
      contents.map(async (content, index) => {
        const client = clients[index % clients.length] ?? world.client;
        const { uploadId, receipts } = await send(world, client, content, 2);
        const { outcomes } = await client.files.commitFiles(commitOf(PATH, content, uploadId, receipts), { signal });
        return { version: outcomes[0]?.version ?? 0, text: Buffer.from(content.bytes).toString() };
      }),
    );
    const inOrder = [...committed].sort((left, right) => left.version - right.version);
    expect(inOrder.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6]);
    for (const { version, text } of inOrder) expect((await readBack(world.client, version)) === text).toBe(true);
    expect((await readBack(world.client, 0)) === inOrder.at(-1)?.text).toBe(true);
    const { entry } = await world.client.files.stat({ path: PATH }, { signal });
    expect(entry).toMatchObject({ version: 6, sizeBytes: inOrder.at(-1)?.text.length });
  });

  it('a commit that is asked for again is answered as it was the first time, and makes no second version', async () => {
    const content = contents[0] ?? contentOf('');
    const { uploadId, receipts } = await send(world, world.client, content, 2);
    const request = commitOf('/asked-twice', content, uploadId, receipts);
    const commit = () => world.client.files.commitFiles(request, { signal });
    const [first, again] = await Promise.all([commit(), commit()]);
    expect(again).toEqual(first);
    expect(await commit()).toEqual(first);
    const { entry } = await world.client.files.stat({ path: '/asked-twice' }, { signal });
    expect(entry?.version).toBe(1);
  });

  it('what was committed is there for every client as soon as its writer was told', async () => {
    for (const [index, client] of clients.entries()) {
      const path = `/told-${index}`;
      const content = contentOf(`told ${index}`);
      const { uploadId, receipts } = await send(world, client, content, 2);
      await client.files.commitFiles(commitOf(path, content, uploadId, receipts), { signal });
      for (const other of clients) expect((await readAccess(other, path)).length).toBe(2);
    }
  });
});

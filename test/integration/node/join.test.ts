import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { joinNode, type JoinedNode } from '../../../src/node/index.js';
import { createInvites, type TestInvites } from '../../support/fake-coordinator.js';
import { forever, transport } from '../../support/fake-sessions.js';
import { bytesOf, NodeBench } from '../../support/node-world.js';
import { enrolmentWith, errorOf, MemoryLogger } from '../../support/rpc.js';

let bench: NodeBench;
let invites: TestInvites;
let endpoint: string;
const closers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  bench = await NodeBench.create();
  invites = createInvites(bench.member, bench.coordinator.own, { homeEndpoints: () => [bench.coordinator.endpoint] });
  const listener = await transport.listen({
    kind: 'enrolment',
    host: '127.0.0.1',
    port: 0,
    own: bench.coordinator.own,
    services: [enrolmentWith((request) => invites.redeem(request))],
    logger: new MemoryLogger(),
  });
  closers.push(() => listener.close(0));
  endpoint = `127.0.0.1:${listener.port}`;
});
afterEach(async () => {
  await bench.close();
  for (const close of closers.splice(0)) await close();
});

const joinAt = async (storePath: string, invite = invites.issue('node', [endpoint])): Promise<JoinedNode> => {
  const saved: JoinedNode[] = [];
  const save = async (joined: JoinedNode): Promise<void> => {
    saved.push(joined);
  };
  const joined = await joinNode({ invite, name: 'cellar', storePath, signal: forever, save }, bench.world);
  expect(saved).toEqual([joined]);
  return joined;
};

const newFolder = async (): Promise<string> => {
  const folder = join(bench.folder, 'new');
  await mkdir(folder);
  return folder;
};

describe('joining with a new node', () => {
  it('an invite makes an empty folder a node, which its coordinator welcomes', async () => {
    const storePath = await newFolder();
    const joined = await joinAt(storePath);
    expect(joined).toMatchObject({ name: 'cellar', memberName: 'alice', homeEndpoints: [bench.coordinator.endpoint] });
    await bench.coordinator.start();
    const { own, name, homeEndpoints } = joined;
    const { node } = await bench.startNode({ own, name, homeEndpoints, storePath });
    await bench.coordinator.welcomed(1);
    expect(node.nodeId).toBe(joined.nodeId);
    expect(bench.coordinator.hellos[0]?.name).toBe('cellar');
  });

  it('a join that failed is simply tried again at the same place', async () => {
    const storePath = await newFolder();
    const used = invites.issue('node', [endpoint]);
    await joinAt(join(bench.folder, 'store'), used);
    expect((await errorOf(joinAt(storePath, used))).code).toBe('INVITE_INVALID');
    expect((await joinAt(storePath)).name).toBe('cellar');
  });

  it('a folder that cannot be used costs no invite', async () => {
    const invite = invites.issue('node', [endpoint]);
    await expect(joinAt(join(bench.folder, 'absent'), invite)).rejects.toMatchObject({ errno: 'ENOENT' });
    expect(invites.redemptions).toBe(0);
    expect((await joinAt(await newFolder(), invite)).name).toBe('cellar');
  });

  it("another node's store with chunks in it is not taken over", async () => {
    await bench.coordinator.start();
    const { node, port } = await bench.startNode();
    await bench.coordinator.hears('heartbeat');
    const connection = await bench.connect(port);
    await bench.store(connection, [bytesOf(1, 1000)]);
    await node.stop();
    const error = await errorOf(joinAt(bench.storePath));
    expect(error.code).toBe('ALREADY_EXISTS');
    expect(error.message).toMatch(/1 chunks/);
    expect(invites.redemptions).toBe(0);
  });
});

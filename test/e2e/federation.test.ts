import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { moveTo } from '../../scripts/federation-drill/disturbances.js';
import { type Cluster, Collective } from '../support/cluster/index.js';
import { befriend, jsonOf, LISTING, MEMBERS, peersOf, REFUSAL, untilInStep, writeContent } from '../support/e2e/index.js';

const SETTING_UP_MS = 480_000;
const IN_STEP_MS = 90_000;
const CONTENT_BYTES = 3_000_000;
const INVITE = z.object({ invite: z.string() });

let root: string;
let collective: Collective;
let alice: Cluster;
let bob: Cluster;
let carol: Cluster;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'collective-federation-'));
  const members = [
    { name: 'alice', nodes: 2 },
    { name: 'bob', nodes: 2 },
    { name: 'carol', nodes: 1 },
  ];
  collective = await Collective.start({ root: join(root, 'members'), members, separateMachines: true });
  [alice, bob, carol] = [collective.of('alice'), collective.of('bob'), collective.of('carol')];
}, SETTING_UP_MS);

afterAll(async () => {
  await collective.stop('SIGKILL');
  await rm(root, { recursive: true, force: true });
});

const statesAt = async (member: Cluster): Promise<Record<string, string>> => {
  const { members } = jsonOf(await member.ok(['member', 'list', '--json']), MEMBERS);
  return Object.fromEntries(members.map(({ name, state }) => [name, state]));
};

async function refusalOf(member: Cluster, ...args: readonly string[]): Promise<string> {
  const result = await member.command([...args, '--json']);
  expect(result.code).not.toBe(0);
  return jsonOf(result, REFUSAL).error.code;
}

const namesAt = async (member: Cluster, path: string): Promise<readonly string[]> =>
  jsonOf(await member.ok(['ls', path, '--json']), LISTING).entries.map(({ name }) => name);

describe('members on machines of their own', () => {
  it('admit each other by an invite, which shows who is asking and waits for approval', async () => {
    const { invite } = jsonOf(await alice.ok(['member', 'invite', 'bob', '--json']), INVITE);
    const unconfirmed = await bob.command(['member', 'accept', invite]);
    expect(unconfirmed.code).toBe(2);
    expect(unconfirmed.stdout.toString('utf8')).toMatch(/^alice invites you\.\n {2}Member id: /);
    expect(await statesAt(bob)).toEqual({});
    await bob.ok(['member', 'accept', invite, '--yes']);
    expect(await statesAt(alice)).toEqual({ bob: 'applied' });
    await alice.ok(['member', 'approve', 'bob']);
    expect(await statesAt(alice)).toEqual({ bob: 'admitted' });
    expect(await refusalOf(carol, 'member', 'accept', invite, '--yes')).toBe('INVITE_INVALID');
  });

  it('are introduced to the friends of their friends, and connect by themselves', async () => {
    await befriend(bob, carol);
    await untilInStep(collective.all, IN_STEP_MS);
    expect(await statesAt(alice)).toEqual({ bob: 'admitted', carol: 'admitted' });
    expect(await statesAt(carol)).toEqual({ alice: 'admitted', bob: 'admitted' });
  });

  it('find each other again after restarts in any order, and under another address', async () => {
    await Promise.all(collective.all.map(({ coordinator }) => coordinator.stop('SIGKILL')));
    for (const member of [carol, alice]) await member.coordinator.start();
    const { network } = collective;
    if (network === undefined) throw new Error('machines of their own were asked for');
    await bob.coordinator.start();
    await moveTo(bob, network, network.freeAddress());
    await bob.untilOnline(2);
    await untilInStep(collective.all, IN_STEP_MS);
    const { peers } = await peersOf(alice);
    expect(peers.find(({ name }) => name === 'bob')).toMatchObject({
      connection: 'connected',
      roundTripMs: expect.any(Number) as number,
    });
  });

  it('go on while a link between two is cut, and have everything once it is healed', async () => {
    const { network } = collective;
    await network?.cut('alice', 'carol');
    await alice.ok(['mkdir', '/while-cut']);
    await carol.ok(['mkdir', '/while-cut']);
    await network?.healAll();
    await untilInStep(collective.all, IN_STEP_MS);
    expect(await namesAt(alice, '/')).toContain('while-cut');
    expect(await namesAt(carol, '/')).toContain('while-cut');
  });
});

describe("another member's folder", () => {
  let file: string;
  beforeAll(async () => {
    file = join(root, 'lake.jpg');
    await writeContent(file, 'lake', CONTENT_BYTES);
    await bob.ok(['mkdir', '/photos', '/private']);
    await bob.ok(['put', file, '/photos']);
  });

  it('is not shown, read or written without a grant', async () => {
    expect(await refusalOf(alice, 'ls', 'bob:/photos')).toBe('PERMISSION_DENIED');
    expect(await refusalOf(alice, 'get', 'bob:/photos/lake.jpg', join(root, 'never'))).toBe('PERMISSION_DENIED');
    expect(await refusalOf(alice, 'put', file, 'bob:/photos/mine.jpg')).toBe('PERMISSION_DENIED');
  });

  it('is read and written by whom it was granted to, and by nobody else', async () => {
    await bob.ok(['grant', 'add', '/photos', '--member', 'alice', '--rights', 'read,write', '--until', '30d']);
    expect(await namesAt(alice, 'bob:/photos')).toEqual(['lake.jpg']);
    const copy = join(root, 'lake-again.jpg');
    await alice.ok(['get', 'bob:/photos/lake.jpg', copy]);
    expect((await readFile(copy)).equals(await readFile(file))).toBe(true);
    const note = join(root, 'note.txt');
    await writeFile(note, 'I was there too\n');
    await alice.ok(['put', note, 'bob:/photos']);
    expect(await namesAt(bob, '/photos')).toEqual(['lake.jpg', 'note.txt']);
    expect(await refusalOf(carol, 'get', 'bob:/photos/lake.jpg', join(root, 'never'))).toBe('PERMISSION_DENIED');
    expect(await refusalOf(carol, 'ls', 'bob:/')).toBe('PERMISSION_DENIED');
    // The way to what was granted, and nothing beside it.
    expect(await namesAt(alice, 'bob:/')).toEqual(['photos']);
    expect(await refusalOf(alice, 'ls', 'bob:/private')).toBe('PERMISSION_DENIED');
  });
});

describe('copies with other members', () => {
  it('are within what was pledged, and give every file back when all nodes of its owner are lost', async () => {
    const file = join(root, 'house.pdf');
    await writeContent(file, 'house', CONTENT_BYTES);
    await alice.ok(['mkdir', '/documents']);
    await alice.ok(['policy', 'set', '/documents', '--copies', '3', '--spread', 'members', '--min-copies', '2']);
    for (const member of [bob, carol]) await member.ok(['pledge', 'set', 'alice', '50M']);
    await untilInStep(collective.all, IN_STEP_MS);
    await alice.ok(['put', file, '/documents']);
    const shown = await alice.ok(['whereis', '/documents/house.pdf']);
    expect(shown.stdout.toString('utf8')).toMatch(/member bob[\s\S]*member carol/);
    await Promise.all(alice.nodes.map((node) => node.stop('SIGKILL')));
    const copy = join(root, 'house-again.pdf');
    await alice.ok(['get', '/documents/house.pdf', copy]);
    expect((await readFile(copy)).equals(await readFile(file))).toBe(true);
    await Promise.all(alice.nodes.map((node) => node.start()));
  });
});

describe('a member behind a home router', () => {
  const bobsRouter = () => {
    if (collective.network === undefined) throw new Error('machines of their own were asked for');
    return collective.network.machine('bob');
  };
  afterAll(() => bobsRouter().forwardAll());

  it('stops and starts like any other, and so do those who dial it in vain', async () => {
    await bobsRouter().forwardOnly([]);
    for (const { coordinator, name } of [bob, alice]) {
      // Dials that nothing answers to are under way: none of them may keep it.
      await coordinator.stop('SIGTERM');
      await coordinator.start(['--advertise', collective.network?.machine(name).address ?? '']);
    }
    await untilInStep(collective.all, IN_STEP_MS);
    const { peers } = await peersOf(alice);
    expect(peers.find(({ name }) => name === 'bob')?.dialledBy).toBe('them');
  });

  it('is asked over its own sessions for its tree; its nodes have to be reached', async () => {
    expect(await namesAt(alice, 'bob:/photos')).toEqual(['lake.jpg', 'note.txt']);
    await alice.ok(['mkdir', 'bob:/photos/new']);
    expect(await namesAt(bob, '/photos')).toContain('new');
    await bobsRouter().forwardOnly(bob.ports.nodes);
    await Promise.all([alice.untilOnline(2), bob.untilOnline(2)]);
    const copy = join(root, 'lake-third.jpg');
    await alice.ok(['get', 'bob:/photos/lake.jpg', copy]);
    await alice.ok(['put', copy, 'bob:/photos/new']);
    expect(await namesAt(bob, '/photos/new')).toEqual(['lake-third.jpg']);
  });

  it('keeps copies for others, and has its own with them', async () => {
    const file = join(root, 'garden.pdf');
    await writeContent(file, 'garden', CONTENT_BYTES);
    await alice.ok(['put', file, '/documents']);
    const shown = await alice.ok(['whereis', '/documents/garden.pdf']);
    expect(shown.stdout.toString('utf8')).toMatch(/member bob/);
    await alice.ok(['pledge', 'set', 'bob', '50M']);
    await bob.ok(['policy', 'set', '/private', '--copies', '2', '--spread', 'members']);
    await untilInStep(collective.all, IN_STEP_MS);
    await bob.ok(['put', file, '/private']);
    expect((await bob.ok(['whereis', '/private/garden.pdf'])).stdout.toString('utf8')).toMatch(/member alice/);
  });
});

describe('a suspended member', () => {
  it('is cut off at once, by whom it was suspended and nobody else, until it is reinstated', async () => {
    await bob.ok(['member', 'suspend', 'carol']);
    expect(await refusalOf(carol, 'ls', 'bob:/photos')).not.toBe('OK');
    expect((await peersOf(bob)).peers.filter(({ connection }) => connection === 'connected').map(({ name }) => name)).toEqual([
      'alice',
    ]);
    expect((await peersOf(alice)).peers.filter(({ connection }) => connection === 'connected')).toHaveLength(2);
    // Carol is told by bob's coordinator, and by nobody else.
    await expect
      .poll(async () => (await peersOf(carol)).peers.map(({ name, standingThere }) => `${name} ${standingThere ?? ''}`).sort(), {
        timeout: IN_STEP_MS,
      })
      .toEqual(['alice ', 'bob suspended']);
    await bob.ok(['member', 'reinstate', 'carol']);
    await untilInStep(collective.all, IN_STEP_MS);
  });
});

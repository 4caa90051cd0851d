import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, Collective } from '../support/cluster/index.js';

let root: string;
let collective: Collective;

interface Pledges {
  readonly given: readonly {
    readonly member: { readonly name: string };
    readonly usedBytes: number;
    readonly pledgedBytes: number;
    readonly state: string;
  }[];
  readonly received: Pledges['given'];
}
const json = async <Answer>(member: Cluster, args: readonly string[]): Promise<Answer> =>
  JSON.parse((await member.ok([...args, '--json'])).stdout.toString('utf8')) as Answer;
const pledges = (member: Cluster): Promise<Pledges> => json(member, ['pledge', 'list']);

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await holds())) if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
}

async function admit(host: Cluster, guest: Cluster): Promise<void> {
  const { invite } = await json<{ invite: string }>(host, ['member', 'invite', guest.name, '--approved']);
  await guest.ok(['member', 'accept', invite, '--yes']);
}

/** No two runs of 64 KiB are alike, so that nothing is stored once for several. */
function contentOf(bytes: number, seed: number): Buffer {
  const content = Buffer.alloc(bytes);
  let state = seed;
  for (let at = 0; at < bytes; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    content[at] = state >>> 24;
  }
  return content;
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'collective-copies-'));
  collective = await Collective.start({
    root,
    members: [
      { name: 'alice', nodes: 2 },
      { name: 'bob', nodes: 1 },
      { name: 'carol', nodes: 1 },
    ],
  });
  await admit(collective.of('alice'), collective.of('bob'));
  await admit(collective.of('alice'), collective.of('carol'));
}, 480_000);

afterAll(async () => {
  await collective?.stop('SIGKILL');
  await rm(root, { recursive: true, force: true });
});

const members = (): readonly [Cluster, Cluster, Cluster] => [
  collective.of('alice'),
  collective.of('bob'),
  collective.of('carol'),
];

interface Space {
  readonly onNodes: { readonly size: number };
  readonly withMembers: { readonly size: number };
  readonly forMembers: { readonly size: number; readonly pledged: number };
}

interface Stored {
  readonly filesBelow: number;
  readonly findings: readonly { readonly code: string; readonly next: string }[];
}

interface Kept {
  readonly copies: { readonly present: number; readonly wanted: number };
  readonly nodes: readonly { readonly kind: string; readonly name: string; readonly chunks: number; readonly state: string }[];
}
const holders = async (member: Cluster, path: string): Promise<readonly string[]> =>
  (await json<Kept>(member, ['whereis', path])).nodes.map(({ kind, name }) => `${kind} ${name}`).toSorted();

const photo = contentOf(5_000_000, 7);
const note = contentOf(3_000, 3);

describe('copies with other members', () => {
  it('go to each member once, within its pledge', async () => {
    const [alice, bob, carol] = members();
    await bob.ok(['pledge', 'set', 'alice', '1G']);
    await carol.ok(['pledge', 'set', 'alice', '1G']);
    await until('both pledges are known', async () => (await pledges(alice)).received.length === 2);
    await alice.ok(['mkdir', '/photos']);
    await alice.ok(['policy', 'set', '/photos', '--copies', '3', '--spread', 'members', '--min-copies', '2']);
    await writeFile(join(root, 'a.jpg'), photo);
    await writeFile(join(root, 'note.txt'), note);
    await alice.ok(['put', join(root, 'a.jpg'), join(root, 'note.txt'), '/photos']);
    const kept = await json<Kept>(alice, ['whereis', '/photos/a.jpg']);
    expect(kept.copies).toMatchObject({ present: 3, wanted: 3 });
    expect(
      kept.nodes
        .filter(({ kind }) => kind === 'member')
        .map(({ name, chunks }) => [name, chunks])
        .toSorted((left, right) => String(left[0]).localeCompare(String(right[0]))),
    ).toEqual([
      ['bob', 5],
      ['carol', 5],
    ]);
    const each = photo.length + note.length;
    for (const member of [bob, carol]) {
      expect((await pledges(member)).given).toMatchObject([{ member: { name: 'alice' }, usedBytes: each }]);
      expect((await json<Space>(member, ['df'])).forMembers).toMatchObject({ size: each, pledged: 1_000_000_000 });
    }
    const { onNodes, withMembers, forMembers } = (await json<{ usage: Space }>(alice, ['status'])).usage;
    expect({ onNodes: onNodes.size, withMembers: withMembers.size, forMembers: forMembers.size }).toEqual({
      onNodes: each,
      withMembers: 2 * each,
      forMembers: 0,
    });
  });

  it('are refused beyond the pledge, and fewer are enough for now', async () => {
    const [alice, bob, carol] = members();
    await bob.ok(['pledge', 'set', 'alice', String(photo.length + note.length)]);
    await until('the smaller pledge is known', async () =>
      (await pledges(alice)).received.some(({ pledgedBytes }) => pledgedBytes < 1_000_000_000),
    );
    await writeFile(join(root, 'b.jpg'), contentOf(2_000_000, 11));
    const put = await json<Stored>(alice, ['put', join(root, 'b.jpg'), '/photos']);
    expect(put).toMatchObject({ filesBelow: 0, findings: [{ code: 'spread-unmet' }] });
    expect(put.findings[0]?.next).toContain('bob');
    const five = await json<Stored>(alice, [
      'policy',
      'set',
      '/photos',
      '--copies',
      '5',
      '--spread',
      'members',
      '--min-copies',
      '2',
    ]);
    expect(five).toMatchObject({ filesBelow: 3, findings: [{ code: 'too-few-holders' }] });
    const three = ['policy', 'set', '/photos', '--copies', '3', '--spread', 'members', '--min-copies', '2'];
    expect(await json<Stored>(alice, three)).toMatchObject({ filesBelow: 0, findings: [{ code: 'spread-unmet' }] });
    expect(await holders(alice, '/photos/b.jpg')).toContain('member carol');
    expect(await holders(alice, '/photos/b.jpg')).not.toContain('member bob');
    expect((await pledges(bob)).given).toMatchObject([{ usedBytes: photo.length + note.length }]);
    expect((await pledges(carol)).given).toMatchObject([{ usedBytes: photo.length + note.length + 2_000_000 }]);
  });

  it('do not count as reachable while their holder gives nothing, though nobody has asked for them', async () => {
    const [alice, bob] = members();
    const bobs = async (): Promise<readonly (string | undefined)[]> => [
      (await json<Kept>(alice, ['whereis', '/photos/a.jpg'])).nodes.find(({ name }) => name === 'bob')?.state,
      (await pledges(alice)).received.find(({ member }) => member.name === 'bob')?.state,
    ];
    await bob.ok(['member', 'suspend', 'alice']);
    await until('bob is out of reach', async () => (await bobs()).join() === 'not-admitted,not-admitted');
    await bob.ok(['member', 'reinstate', 'alice']);
    await until('bob is here again', async () => (await bobs()).join() === 'online,admitted');
    expect(await bobs()).toEqual(['online', 'admitted']);
  });

  it('are read whole when every own node is lost, and when one holder is away too', async () => {
    const [alice, bob] = members();
    for (const node of alice.nodes) await node.stop('SIGKILL');
    const [first, second] = [join(root, 'first.jpg'), join(root, 'second.jpg')];
    await alice.ok(['get', '/photos/a.jpg', first]);
    expect((await readFile(first)).equals(photo)).toBe(true);
    await bob.stop('SIGKILL');
    await alice.ok(['get', '/photos/a.jpg', second]);
    expect((await readFile(second)).equals(photo)).toBe(true);
    await bob.coordinator.start();
    for (const node of [...alice.nodes, ...bob.nodes]) await node.start();
    await alice.untilOnline(2);
  });

  it('are made elsewhere before a member goes, which keeps nothing any more then', async () => {
    const [alice, , carol] = members();
    await alice.ok(['member', 'remove', 'carol']);
    expect(await holders(alice, '/photos/a.jpg')).toEqual(['member bob', 'node node-1', 'node node-2']);
    expect((await json<Kept>(alice, ['whereis', '/photos/a.jpg'])).copies.present).toBe(3);
    expect((await pledges(carol)).given).toMatchObject([{ usedBytes: 0 }]);
    const third = join(root, 'third.jpg');
    await alice.ok(['get', '/photos/a.jpg', third]);
    expect((await readFile(third)).equals(photo)).toBe(true);
  });
});

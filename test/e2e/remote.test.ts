import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, Collective } from '../support/cluster/index.js';
import { untilInStep } from '../support/e2e/index.js';

let root: string;
let members: Collective;
let alice: Cluster;
let bob: Cluster;
let carol: Cluster;

interface Answer {
  readonly error?: { readonly code: string };
}

const json = async <Value>(who: Cluster, ...args: string[]): Promise<Value> =>
  JSON.parse((await who.ok([...args, '--json'])).stdout.toString('utf8')) as Value;
/** The code that a command is refused with. */
const refusal = async (who: Cluster, ...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await who.command([...args, '--json']);
  expect(code, `${args.join(' ')}: ${stdout.toString('utf8')}`).not.toBe(0);
  const answer = JSON.parse(stdout.toString('utf8') || '{}') as Answer;
  return answer.error?.code ?? stderr;
};
const grant = async (path: string, ...flags: string[]): Promise<string> =>
  (await json<{ grant: { id: string } }>(bob, 'grant', 'add', path, '--member', 'alice', ...flags)).grant.id;
const names = async (path: string): Promise<string[]> =>
  (await json<{ entries: { name: string }[] }>(alice, 'ls', path)).entries.map(({ name }) => name);

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await holds())) if (performance.now() > deadline) throw new Error('not in time');
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'collective-remote-'));
  members = await Collective.start({
    root,
    members: [
      { name: 'alice', nodes: 0 },
      { name: 'bob', nodes: 2 },
      { name: 'carol', nodes: 1 },
    ],
  });
  [alice, bob, carol] = [members.of('alice'), members.of('bob'), members.of('carol')];
  for (const guest of [alice, carol]) {
    const { invite } = await json<{ invite: string }>(bob, 'member', 'invite', guest.name, '--approved');
    await guest.ok(['member', 'accept', invite, '--yes']);
  }
  await writeFile(join(root, 'photo'), 'a photo of bob');
  await writeFile(join(root, 'secret'), 'a secret of bob');
  await bob.ok(['mkdir', '/photos', '/private', '/shared', '/shared/work']);
  await bob.ok(['put', join(root, 'photo'), '/photos/photo']);
  await bob.ok(['put', join(root, 'secret'), '/private/secret']);
}, 480_000);
afterAll(async () => {
  await members.stop();
  await rm(root, { recursive: true, force: true });
});

describe("another member's tree", () => {
  it('shows nothing and takes nothing without a grant, and names what was meant', async () => {
    for (const args of [
      ['ls', 'bob:/'],
      ['ls', 'bob:/photos'],
      ['cat', 'bob:/photos/photo'],
      ['mkdir', 'bob:/photos/x'],
      ['rm', 'bob:/photos/photo'],
      ['find', 'bob:/'],
      ['versions', 'bob:/photos/photo'],
      ['whereis', 'bob:/photos/photo'],
      ['put', join(root, 'photo'), 'bob:/photos/'],
    ]) {
      expect(await refusal(alice, ...args), args.join(' ')).toBe('PERMISSION_DENIED');
    }
    const misspelt = await alice.command(['ls', 'bobb:/']);
    expect(misspelt.stderr).toContain('Did you mean bob?');
    expect(await refusal(alice, 'ls', 'nobody:/')).toBe('NOT_FOUND');
  });

  it('is read and written as far as it is granted, by the name of the one who did it', async () => {
    await grant('/photos');
    await grant('/shared/work', '--rights', 'read,write', '--until', '30d');
    expect(await names('bob:/')).toEqual(['photos', 'shared']);
    expect(await names('bob:/shared')).toEqual(['work']);
    expect((await alice.ok(['cat', 'bob:/photos/photo'])).stdout.toString('utf8')).toBe('a photo of bob');
    expect(await refusal(alice, 'cat', 'bob:/private/secret')).toBe('PERMISSION_DENIED');
    expect(await refusal(alice, 'rm', 'bob:/photos/photo')).toBe('PERMISSION_DENIED');
    await writeFile(join(root, 'letter'), 'a letter of alice');
    await alice.ok(['put', join(root, 'letter'), 'bob:/shared/work/']);
    await alice.ok(['mkdir', 'bob:/shared/work/more']);
    await alice.ok(['mv', 'bob:/shared/work/letter', 'bob:/shared/work/more/letter']);
    await alice.ok(['cp', 'bob:/photos/photo', 'bob:/shared/work/copy']);
    await alice.ok(['get', 'bob:/shared/work', join(root, 'fetched')]);
    expect(await readFile(join(root, 'fetched', 'more', 'letter'), 'utf8')).toBe('a letter of alice');
    expect((await bob.ok(['cat', '/shared/work/copy'])).stdout.toString('utf8')).toBe('a photo of bob');
    const { versions } = await json<{ versions: { by: string }[] }>(bob, 'versions', '/shared/work/more/letter');
    expect(JSON.stringify(versions)).toContain('alice');
    const { events } = await json<{ events: { actor: string }[] }>(bob, 'events', 'list', '--type', 'EntryMoved');
    const written = events.map(({ actor }) => actor);
    type Listed = { grants: unknown[]; toYou: { path: string; rights: string[]; state: string; owner: { name: string } }[] };
    const deadline = performance.now() + 20_000;
    let listed = await json<Listed>(alice, 'grant', 'list', 'bob:');
    while (listed.toYou.length < 2 && performance.now() < deadline) listed = await json(alice, 'grant', 'list', 'bob:');
    const common = { state: 'holds', owner: { name: 'bob' } };
    expect(listed).toMatchObject({
      grants: [],
      toYou: [
        { path: '/photos', rights: ['read'], ...common },
        { path: '/shared/work', rights: ['read', 'write'], ...common },
      ],
    });
    expect(await refusal(bob, 'grant', 'add', '/photos', '--member', 'alice')).toBe('ALREADY_EXISTS');
    const again = ['grant', 'add', '/shared/work', '--member', 'alice', '--rights', 'read,write', '--until', '31d'];
    expect((await json<{ replaced: string[] }>(bob, ...again)).replaced).toHaveLength(1);
    expect(written).toEqual([expect.stringMatching(/^member\/[a-z2-7]{52}\/client\/[a-z2-7]{16}$/)]);
  });

  it('removes nothing here for what is not shown of a folder of which only a part is granted', async () => {
    const here = join(root, 'mirror');
    await alice.ok(['sync', 'bob:/shared/work', here]);
    await alice.ok(['sync', '--delete', 'bob:/shared/work', here]);
    await writeFile(join(here, 'mine'), 'nowhere else');
    const partly = await alice.command(['sync', '--delete', 'bob:/shared', here]);
    expect(partly.code).not.toBe(0);
    expect(partly.stderr).toContain('You may not read all of bob:/shared');
    expect(await readFile(join(here, 'mine'), 'utf8')).toBe('nowhere else');
    await alice.ok(['sync', '--delete', 'bob:/shared/work', here]);
    await expect(readFile(join(here, 'mine'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('keeps what is below a granted folder in it: nothing is moved or copied past its edge, or to another member', async () => {
    expect(await refusal(alice, 'cp', 'bob:/private/secret', 'bob:/shared/work/secret')).toBe('PERMISSION_DENIED');
    expect(await refusal(alice, 'mv', 'bob:/shared/work/copy', 'bob:/private/copy')).toBe('PERMISSION_DENIED');
    expect(await refusal(alice, 'rm', '-r', 'bob:/shared/work')).toBe('PERMISSION_DENIED');
    expect(await refusal(alice, 'mv', 'bob:/shared/work/copy', '/copy')).toBe('UNSUPPORTED');
    expect(await refusal(alice, 'cp', 'bob:/shared/work/copy', '/copy')).toBe('UNSUPPORTED');
    expect(await refusal(alice, 'put', '--copies', '3', join(root, 'letter'), 'bob:/shared/work/')).toBe('PERMISSION_DENIED');
  });

  it('follows a folder that is moved, and ends with the grant, its time, or the admission', async () => {
    await bob.ok(['mv', '/photos', '/pictures']);
    expect(await names('bob:/pictures')).toEqual(['photo']);
    await bob.ok(['mkdir', '/brief']);
    await grant('/brief', '--until', '1s');
    const deadline = performance.now() + 20_000;
    let seen = await names('bob:/');
    while (seen.includes('brief') && performance.now() < deadline) seen = await names('bob:/');
    expect(seen).toEqual(['pictures', 'shared']);
    const { grants } = await json<{ grants: { id: string; path: string }[] }>(bob, 'grant', 'list', '/pictures');
    expect(grants).toHaveLength(1);
    await bob.ok(['grant', 'remove', grants[0]?.id ?? '']);
    expect(await refusal(alice, 'ls', 'bob:/pictures')).toBe('PERMISSION_DENIED');
    expect(await names('bob:/')).toEqual(['shared']);
    await bob.ok(['member', 'suspend', 'alice']);
    expect(await refusal(alice, 'ls', 'bob:/shared/work')).toBe('NOT_ADMITTED');
    await bob.ok(['member', 'reinstate', 'alice']);
    expect(await names('bob:/shared/work')).toEqual(['copy', 'more']);
  });

  it('is read from who keeps a copy while its owner is away, as far as it is granted, and not written', async () => {
    await carol.ok(['pledge', 'set', 'bob', '1G']);
    await until(async () => (await json<{ received: object[] }>(bob, 'pledge', 'list')).received.length === 1);
    await bob.ok(['mkdir', '/kept', '/kept/secret']);
    await bob.ok(['policy', 'set', '/kept', '--copies', '2', '--spread', 'members']);
    await bob.ok(['mkdir', '/kept/open']);
    await bob.ok(['put', join(root, 'photo'), '/kept/open/']);
    await bob.ok(['put', join(root, 'secret'), '/kept/secret/']);
    await grant('/kept/open', '--rights', 'read,write');
    // Bob is asked too: only he knows where his log ends, and what was granted last has to be with the others.
    await untilInStep(members.all);
    await bob.stop();

    const shown = await alice.ok(['cat', 'bob:/kept/open/photo']);
    expect(shown.stdout.toString('utf8')).toBe('a photo of bob');
    expect(shown.stderr).toMatch(
      /^Warning: bob is away: read from what was known of its tree \(event 1-\d+ of .*; last heard of .*\)\.\n$/,
    );
    const listed = await json<{ entries: { name: string }[]; away: { member: string; sequence: number; time: string }[] }>(
      alice,
      'ls',
      'bob:/kept',
    );
    expect(listed.entries.map(({ name }) => name)).toEqual(['open']);
    expect(listed.away).toMatchObject([{ member: 'bob', epoch: 1, sequence: expect.any(Number) }]);
    expect(new Date(listed.away[0]?.time ?? '').getTime()).toBeGreaterThan(Date.now() - 600_000);
    for (const command of ['tree', 'du', 'find', 'stat']) {
      expect((await alice.ok([command, 'bob:/kept/open'])).stderr, command).toContain('bob is away');
    }
    expect((await alice.ok(['whereis', 'bob:/kept/open/photo'])).stdout.toString('utf8')).toMatch(/carol/);
    await alice.ok(['get', 'bob:/kept/open', join(root, 'kept')]);
    await alice.ok(['sync', 'bob:/kept/open', join(root, 'synced')]);
    for (const folder of ['kept', 'synced']) expect(await readFile(join(root, folder, 'photo'), 'utf8')).toBe('a photo of bob');

    expect(await refusal(alice, 'cat', 'bob:/kept/secret/secret')).toBe('PERMISSION_DENIED');
    expect(await refusal(alice, 'ls', 'bob:/nothing')).toBe('PERMISSION_DENIED');
    expect(await refusal(carol, 'cat', 'bob:/kept/open/photo')).toBe('PERMISSION_DENIED');
    expect(await refusal(alice, 'mkdir', 'bob:/kept/open/new')).toBe('COORDINATOR_UNREACHABLE');
    const put = await alice.command(['put', join(root, 'letter'), 'bob:/kept/open/']);
    expect(put.stderr).toContain('The coordinator of bob is away: its tree can only be read now');
    expect(put.stderr).toContain('Next: Try again once bob is back.');

    await Promise.all([bob.coordinator, ...bob.nodes].map((daemon) => daemon.start()));
    await until(async () => !(await alice.ok(['ls', 'bob:/kept/open'])).stderr.includes('away'));
    // He answers before his nodes are back, and before he has heard how far the others hold his log.
    await bob.untilOnline(2);
    await untilInStep(members.all);
    await alice.ok(['put', join(root, 'letter'), 'bob:/kept/open/']);
    expect((await bob.ok(['cat', '/kept/open/letter'])).stdout.toString('utf8')).toBe('a letter of alice');
  });
}, 480_000);

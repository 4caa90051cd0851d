import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Cluster, type CommandResult, Daemon, freePorts, runCommand } from '../support/cluster/index.js';
import { jsonOf, REFUSAL, STATUS, STORED } from '../support/e2e/index.js';

const COPIES = STORED.extend({ fewestCopies: z.number() });

let root: string;
let env: NodeJS.ProcessEnv;
let ports: readonly number[];
let up: Daemon;
let second: Daemon;

const address = (index: number): string => `127.0.0.1:${ports[index]}`;
const command = (...args: readonly string[]): Promise<CommandResult> => runCommand(args, { executable: Cluster.executable, env });
const flag = (name: string, value: string): readonly string[] => [`--${name}`, value];
const upArgs = (): readonly string[] => [
  'up',
  ...flag('name', 'alice'),
  ...flag('passphrase-file', join(root, 'passphrase')),
  ...flag('capacity', '10G'),
  ...flag('home-listen', address(0)),
  ...flag('enrolment-listen', address(1)),
  // The one between them is where other members come in: two after the first.
  ...flag('node-listen', address(3)),
];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'collective-up-'));
  ports = await freePorts(5);
  const folder = (name: string): string => join(root, name);
  env = { ...process.env, HOME: folder('home'), XDG_CONFIG_HOME: folder('config'), XDG_DATA_HOME: folder('data'), NO_COLOR: '1' };
  await mkdir(folder('home'));
  await writeFile(folder('passphrase'), 'correct horse battery staple\n', { mode: 0o600 });
  await writeFile(folder('file'), 'content');
  const common = { env, executable: Cluster.executable, logPath: folder('log') };
  up = new Daemon({ ...common, args: upArgs() });
  second = new Daemon({ ...common, args: ['node', 'start', '--path', folder('second')] });
});

afterAll(async () => {
  await Promise.all([up.stop('SIGKILL'), second.stop('SIGKILL')]);
  await rm(root, { recursive: true, force: true });
});

const put = async (): Promise<z.infer<typeof COPIES>> => jsonOf(await command('put', join(root, 'file'), '/', '--json'), COPIES);
const findings = async (): Promise<readonly string[]> =>
  jsonOf(await command('status', '--json'), STATUS).findings.map(({ code }) => code);

test('one command founds a member and its node, and files can be stored at once, shown as under-protected', async () => {
  const ready = await up.start();
  expect(ready).toMatchObject({ role: 'household', name: 'alice', minimumCopies: 1, nodes: [{ new: true }] });
  expect(await put()).toMatchObject({ files: 1, copies: 2, fewestCopies: 1 });
  const { room } = jsonOf(await command('df', '--json'), z.object({ room: z.object({ size: z.number(), copies: z.number() }) }));
  expect(room).toMatchObject({ copies: 1 });
  expect(room.size).toBeGreaterThan(0);
  expect(await findings()).toEqual(expect.arrayContaining(['too-few-nodes', 'under-protected']));
  expect(jsonOf(await command('put', join(root, 'file'), '/x', '--copies', '3', '--json'), REFUSAL).error.code).toBe(
    'NOT_ENOUGH_NODES',
  );
});

test('a second one on the same folder, or on a port that is taken, is refused and says why', async () => {
  expect(jsonOf(await command(...upArgs(), '--json'), REFUSAL).error.code).toBe('ALREADY_RUNNING');
  const other = [...upArgs(), '--directory', join(root, 'other'), '--json'];
  const refused = jsonOf(await command(...other), REFUSAL).error;
  expect([refused.code, refused.next?.includes('--home-listen')]).toEqual(['UNAVAILABLE', true]);
});

test('it stops when it is told to, and goes on where it was', async () => {
  expect(await up.stop('SIGINT')).toBe(0);
  expect(await up.start()).toMatchObject({ nodes: [{ new: false }] });
  expect((await command('cat', '/file')).stdout.toString()).toBe('content');
});

test('files get their second copy once a second node has joined', async () => {
  const { invite } = jsonOf(await command('node', 'invite', '--json'), z.object({ invite: z.string() }));
  const tooSmall = await command('node', 'join', invite, '--path', join(root, 'second'), '--capacity', '1', '--json');
  expect(jsonOf(tooSmall, REFUSAL).error.code).toBe('USAGE');
  await command('node', 'join', invite, '--path', join(root, 'second'), '--capacity', '10G', '--listen', address(4));
  await second.start();
  let stored = await put();
  // It may still be on its way to the coordinator.
  while (stored.fewestCopies < 2) stored = await put();
  expect(stored).toMatchObject({ copies: 2, fewestCopies: 2, sent: 7 });
  expect(await findings()).not.toContain('under-protected');
});

test('files of which every node was revoked are told as lost', async () => {
  const { nodes } = jsonOf(await command('node', 'list', '--json'), z.object({ nodes: z.array(z.object({ name: z.string() })) }));
  for (const { name } of nodes) expect((await command('node', 'revoke', name, '--json')).code).toBe(0);
  let codes = await findings();
  // Files are counted in the background.
  while (!codes.includes('lost-files')) codes = await findings();
  expect(codes[0]).toBe('lost-files');
});

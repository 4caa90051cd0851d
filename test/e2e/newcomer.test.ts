import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { jsonOf, REFUSAL, World } from '../support/e2e/index.js';

const DAY_MS = 24 * 3600 * 1000;
const INVITE = z.object({ invite: z.string() });

let world: World;
/** Shifts the clock of one process by CLOCK_SHIFT_MS. */
let shiftedClock: string;

beforeAll(async () => {
  world = await World.start({ nodes: 1 });
  await world.ok('mkdir', '-p', '/photos/summer');
  await world.cluster.ok(['write', '--copies', '1', '/photos/lake.jpg'], { input: 'lake' });
  shiftedClock = join(await world.folder(), 'shifted-clock.mjs');
  await writeFile(
    shiftedClock,
    `const Real = Date, shift = Number(process.env.CLOCK_SHIFT_MS);
     globalThis.Date = class extends Real {
       constructor(...given) { given.length === 0 ? super(Real.now() + shift) : super(...given); }
       static now() { return Real.now() + shift; }
     };`,
  );
});

afterAll(async () => {
  await world.stop();
});

interface Told {
  readonly code: string;
  readonly message: RegExp;
  readonly next: RegExp;
}

async function expectTold(
  args: readonly string[],
  { code, message, next }: Told,
  env: NodeJS.ProcessEnv = world.cluster.env,
  environmentOfScripts = env,
): Promise<void> {
  const people = await world.cluster.command(args, { env });
  const scripts = await world.cluster.command([...args, '--json'], { env: environmentOfScripts });
  const { error } = jsonOf(scripts, REFUSAL);
  expect({ code: error.code, message: error.message, next: error.next }).toEqual({
    code,
    message: expect.stringMatching(message) as string,
    next: expect.stringMatching(next) as string,
  });
  expect(people.stderr).toContain(`Error: ${error.message} (${code})\nNext: ${error.next}\n`);
}

/** The environment of a machine whose context has another address of the coordinator. */
async function machineAt(endpoint: string): Promise<NodeJS.ProcessEnv> {
  const config = join(await world.folder(), 'config');
  await cp(world.cluster.env['XDG_CONFIG_HOME'] ?? '', config, { recursive: true });
  const file = join(config, 'collective', 'contexts', 'alice', 'context.json');
  await writeFile(file, (await readFile(file, 'utf8')).replace(`127.0.0.1:${world.cluster.ports.home}`, endpoint), {
    mode: 0o600,
  });
  return { ...world.cluster.env, XDG_CONFIG_HOME: config };
}

const invite = async (kind: 'client' | 'node'): Promise<string> =>
  jsonOf(await world.ok(kind, 'invite', '--json'), INVITE).invite;

describe.concurrent('a name that is mistyped is told with the one that was meant', () => {
  test.each([
    ['a command', ['lss'], 'USAGE', /no command "lss"/, /Did you mean: collective ls$/],
    ['a word behind a topic', ['client', 'enroll'], 'USAGE', /no command "client enroll"/, /See: collective client --help$/],
    ['a command of a topic', ['node', 'lst'], 'USAGE', /no command "node lst"/, /Did you mean: collective node list$/],
    ['a flag', ['ls', '--recusive'], 'USAGE', /--recusive/, /Did you mean --recursive\?/],
    ['a file', ['cat', '/photos/lake.jpeg'], 'NOT_FOUND', /no \/photos\/lake\.jpeg/, /Did you mean \/photos\/lake\.jpg\?/],
    ['a folder in the middle', ['ls', '/photo/summer'], 'NOT_FOUND', /\/photo does not exist/, /Did you mean \/photos\/summer\?/],
    ['a node', ['node', 'show', 'nod-1'], 'NOT_FOUND', /no node called "nod-1"/, /Did you mean node-1\?/],
    ['a context', ['ls', '--context', 'alcie'], 'NOT_FOUND', /no context "alcie"/, /Did you mean alice\?/],
    [
      'a remote path without its slash',
      ['ls', 'photos'],
      'PATH_INVALID',
      /"photos" is not a remote path/,
      /begin with a slash: \/photos$/,
    ],
    ['a local file', ['put', 'nowhere.jpg', '/photos'], 'NOT_FOUND', /no nowhere\.jpg on this machine/, /local paths come first/],
  ] as const)('%s', async (_what, args, code, message, next) => {
    await expectTold(args, { code, message, next });
  });
});

describe.concurrent('an address that is wrong is told apart:', () => {
  test('nothing listens there', async () => {
    const told = { code: 'COORDINATOR_UNREACHABLE', message: /127\.0\.0\.1:1: nothing listens there/, next: /coordinator start/ };
    await expectTold(['ls'], told, await machineAt('127.0.0.1:1'));
  });

  test('something else listens there', async () => {
    const server = createServer((_request, answer) => answer.end('hello')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const told = { code: 'COORDINATOR_UNREACHABLE', message: /does not speak TLS 1\.3/, next: /Something else listens there/ };
    await expectTold(['ls'], told, await machineAt(`127.0.0.1:${port}`));
    server.close();
  });

  test('no such host', async () => {
    const told = {
      code: 'COORDINATOR_UNREACHABLE',
      message: /the name (is not known|could not be looked up)/,
      next: /Check the name/,
    };
    await expectTold(['ls'], told, await machineAt('no-such-host.invalid:7420'));
  });

  test('the enrolment port', async () => {
    const told = {
      code: 'UNSUPPORTED',
      message: /does not know this operation/,
      next: /home port \(7420\), and not the enrolment port/,
    };
    await expectTold(['ls'], told, await machineAt(`127.0.0.1:${world.cluster.ports.enrolment}`));
  });

  test("a node's port", async () => {
    const told = { code: 'CERTIFICATE_INVALID', message: /is a node, not the coordinator/, next: /home port is 7420/ };
    // A machine each: what the enrolment port tells the first command puts its context right.
    const machine = () => machineAt(`127.0.0.1:${world.cluster.ports.nodes[0]}`);
    await expectTold(['ls'], told, await machine(), await machine());
  });
});

describe('a clock that is a year off is told, and of which machine:', () => {
  test.each([
    ['behind', -365, /valid only from/, /on this machine it is 20\d\d-.*this one is behind/],
    ['ahead', 365, /expired at/, /compare the clocks: on this machine it is 20\d\d-/],
  ] as const)('%s', async (_where, days, message, next) => {
    const NODE_OPTIONS = `--import ${shiftedClock}`;
    const env = { ...world.cluster.env, NODE_OPTIONS, CLOCK_SHIFT_MS: String(days * DAY_MS) };
    const { error } = jsonOf(await world.cluster.command(['ls', '--json'], { env }), REFUSAL);
    expect([error.code, error.message, error.next]).toEqual([
      'CERTIFICATE_INVALID',
      expect.stringMatching(message),
      expect.stringMatching(next),
    ]);
  });
});

describe.concurrent('an invite is refused for what is wrong with it:', () => {
  const swapped = (text: string, at: number): string => text.slice(0, at) + (text[at] === 'a' ? 'b' : 'a') + text.slice(at + 1);

  test.each([
    ['cut off', (text: string) => text.slice(0, -20), /cut off/, /whole line/],
    ['mistyped', (text: string) => swapped(text, 60), /mistyped/, /Copy it again/],
    [
      'mistyped where its version stands',
      (text: string) => swapped(text, 'collective1client'.length),
      /mistyped/,
      /Copy it again/,
    ],
    ['none at all', () => 'hello', /not an invite/, /begins with collective1client/],
  ] as const)('%s', async (_what, spoil, message, next) => {
    await expectTold(['login', spoil(await invite('client'))], { code: 'INVITE_INVALID', message, next });
  });

  test('of the wrong kind', async () => {
    const node = { code: 'INVITE_INVALID', message: /node invite/, next: /collective node join/ };
    await expectTold(['login', await invite('node')], node);
    const client = { code: 'INVITE_INVALID', message: /client invite/, next: /collective login/ };
    const path = join(world.root, 'never');
    await expectTold(['node', 'join', await invite('client'), '--path', path, '--capacity', '1G'], client);
  });

  test('used', async () => {
    const text = await invite('client');
    const env = { ...world.cluster.env, XDG_CONFIG_HOME: join(await world.folder(), 'config') };
    expect((await world.cluster.command(['login', text], { env })).code).toBe(0);
    const told = { code: 'INVITE_INVALID', message: /used already/, next: /new invite/ };
    await expectTold(['login', text, '--context-name', 'again'], told, env);
  });

  test('expired', async () => {
    const text = jsonOf(await world.ok('client', 'invite', '--expires', '1s', '--json'), INVITE).invite;
    const NODE_OPTIONS = `--import ${shiftedClock}`;
    // Told in days and hours, the same for both tries.
    const env = { ...world.cluster.env, NODE_OPTIONS, CLOCK_SHIFT_MS: String(10.5 * DAY_MS + DAY_MS / 48) };
    const told = { code: 'INVITE_INVALID', message: /expired at/, next: /new one .*clock/ };
    await expectTold(['login', text, '--context-name', 'late'], told, env);
  });
});

describe('a folder of another role is refused:', () => {
  test('and what it is, is named', async () => {
    const coordinator = join(world.cluster.env['XDG_DATA_HOME'] ?? '', 'collective', 'alice', 'coordinator');
    const node = world.cluster.nodeDirectories[0] ?? '';
    const start = { code: 'NOT_FOUND', message: /folder of a coordinator, not of a node/, next: /coordinator start --directory/ };
    await expectTold(['node', 'start', '--path', coordinator], start);
    const other = { code: 'NOT_FOUND', message: /folder of a node, not of a coordinator/, next: /node start --path/ };
    await expectTold(['coordinator', 'start', '--directory', node], other);
    const join1 = { code: 'ALREADY_EXISTS', message: /folder of a coordinator already/, next: /Choose another folder/ };
    await expectTold(['node', 'join', await invite('node'), '--path', coordinator, '--capacity', '1G'], join1);
  });

  test('and a second process in the same one too', async () => {
    const told = { code: 'ALREADY_RUNNING', message: /pid \d+/, next: /kill \d+/ };
    await expectTold(['coordinator', 'start'], told);
    await expectTold(['node', 'start'], told);
  });
});

describe('before anything was set up', () => {
  test('commands say how to begin, and so does doctor', async () => {
    const nothing = await world.folder();
    const env = { ...world.cluster.env, XDG_CONFIG_HOME: join(nothing, 'config'), XDG_DATA_HOME: join(nothing, 'data') };
    const told = { code: 'CONFIG_INVALID', message: /belongs to no member yet/, next: /collective init .*collective login/ };
    await expectTold(['ls'], told, env);
    await expectTold(['coordinator', 'start'], { code: 'NOT_FOUND', message: /no coordinator/, next: /collective init/ }, env);
    await expectTold(['node', 'start'], { code: 'NOT_FOUND', message: /No node has joined/, next: /node join/ }, env);
    const doctor = await world.cluster.command(['doctor', '--json'], { env });
    expect(doctor.code).toBe(1);
    const FOUND = z.object({ ok: z.literal(false), checks: z.array(z.object({ check: z.string(), state: z.string() })) });
    expect(jsonOf(doctor, FOUND).checks.at(-1)).toEqual({ check: 'context', state: 'fail' });
  });
});

describe('secrets', () => {
  test('a key that others can read is refused, and the command that mends it is named', async () => {
    const env = await machineAt(`127.0.0.1:${world.cluster.ports.home}`);
    const key = join(env['XDG_CONFIG_HOME'] ?? '', 'collective', 'contexts', 'alice', 'credentials.json');
    await chmod(key, 0o644);
    await expectTold(['ls'], { code: 'KEY_FILE_UNSAFE', message: /mode 644/, next: /chmod 600/ }, env);
    const doctor = await world.cluster.command(['doctor'], { env });
    expect([doctor.code, doctor.stdout.toString('utf8')]).toEqual([1, expect.stringMatching(/^FAIL .*credentials\.json/m)]);
  });

  test('a wrong passphrase opens nothing', async () => {
    const folder = await world.folder();
    await writeFile(join(folder, 'wrong'), 'not the passphrase\n', { mode: 0o600 });
    const args = ['identity', 'export', join(folder, 'kit'), '--passphrase-file', join(folder, 'wrong')];
    await expectTold(args, { code: 'PASSPHRASE_WRONG', message: /does not open/, next: /collective init/ });
  });
});

describe('contexts', () => {
  test('are renamed and removed, and only with --yes where nobody can be asked', async () => {
    const env = await machineAt(`127.0.0.1:${world.cluster.ports.home}`);
    const there = (...args: readonly string[]) => world.cluster.command(args, { env });
    expect((await there('context', 'rename', 'alice', 'home')).code).toBe(0);
    expect((await there('ls', '--context', 'home')).code).toBe(0);
    expect(jsonOf(await there('context', 'list', '--json'), z.object({ current: z.string() })).current).toBe('home');
    await expectTold(['context', 'remove', 'home'], { code: 'USAGE', message: /deletes the key/, next: /--yes/ }, env);
    expect((await there('context', 'remove', 'home', '--yes')).code).toBe(0);
    expect(jsonOf(await there('context', 'list', '--json'), z.object({ current: z.null(), contexts: z.tuple([]) })).current).toBe(
      null,
    );
  });

  test('and settings are shown without any secret', async () => {
    const shown = (await world.ok('config', 'show', '--json')).stdout.toString('utf8');
    expect(shown).not.toMatch(/PRIVATE|BEGIN|passphrase/i);
    const SETTINGS = z.object({ settings: z.array(z.object({ of: z.string(), setting: z.string(), source: z.string() })) });
    const of = SETTINGS.parse(JSON.parse(shown)).settings.map((each) => each.of);
    expect(new Set(of)).toEqual(new Set(['program', 'client', 'coordinator', 'node']));
  });
});

describe('a healthy machine', () => {
  test('is found so by doctor, line by line', async () => {
    const FOUND = z.object({
      ok: z.boolean(),
      checks: z.array(z.object({ check: z.string(), state: z.enum(['ok', 'warn', 'fail']) })),
    });
    const { ok, checks } = jsonOf(await world.ok('doctor', '--json'), FOUND);
    expect(ok).toBe(true);
    const looked = checks.map(({ check }) => check);
    expect(looked).toEqual(
      expect.arrayContaining([
        'node-version',
        'disk',
        'context',
        'key-file',
        'certificate',
        'tcp',
        'tls',
        'coordinator',
        'clock',
        'node-port',
      ]),
    );
  });

  test('is watched until Ctrl-C, a line each time', async () => {
    let lines = 0;
    const watching = await world.cluster.command(['status', '--watch', '--interval', '200ms', '--json'], {
      onSpawn: (child) =>
        child.stdout?.on('data', (bytes: Buffer) => {
          lines += bytes.toString('utf8').split('\n').length - 1;
          if (lines >= 2) child.kill('SIGINT');
        }),
    });
    expect(watching.code).toBe(130);
    const seen = watching.stdout.toString('utf8').trim().split('\n');
    for (const line of seen)
      expect(JSON.parse(line)).toMatchObject({ time: expect.any(String) as string, health: expect.any(String) as string });
  });

  test('ends without a word when nobody reads any more', async () => {
    const tree = await world.folder();
    await Promise.all(Array.from({ length: 600 }, (_, index) => mkdir(join(tree, `folder-${index}-${'x'.repeat(200)}`))));
    await world.ok('put', `${tree}/.`, '/many');
    const listed = await world.cluster.command(['ls', '-R', '/'], {
      onSpawn: (child) => child.stdout?.once('data', () => child.stdout?.destroy()),
    });
    expect([listed.code, listed.stderr]).toEqual([0, '']);
  });
});

import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { jsonOf, REFUSAL, World } from '../support/e2e/index.js';

let world: World;

beforeAll(async () => {
  world = await World.start({ nodes: 2 });
});

afterAll(async () => {
  await world.stop();
});

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** The same command for people and for scripts. */
async function refused(...args: readonly string[]): Promise<{ readonly code: string; readonly exit: number }> {
  const people = await world.command(...args);
  const scripts = await world.command(...args, '--json');
  expect(scripts.code).toBe(people.code);
  const { error } = jsonOf(scripts, REFUSAL);
  expect(people.stderr).toContain(`(${error.code})`);
  expect(people.stderr).toContain('Error: ');
  expect(text(people.stdout)).toBe('');
  expect(scripts.stderr).toBe('');
  return { code: error.code, exit: people.code ?? -1 };
}

describe('a command that fails', () => {
  test.each([
    { what: 'a command that does not exist', args: ['no-such-command'], code: 'USAGE', exit: 2 },
    { what: 'a path that does not exist', args: ['stat', '/none'], code: 'NOT_FOUND', exit: 4 },
    { what: 'a path that is none', args: ['ls', 'relative'], code: 'PATH_INVALID', exit: 2 },
    { what: 'a flag that does not exist', args: ['ls', '--none'], code: 'USAGE', exit: 2 },
    { what: 'a missing argument', args: ['mkdir'], code: 'USAGE', exit: 2 },
    { what: 'a size that is none', args: ['node', 'join', 'x', '--path', 'x', '--capacity', 'much'], code: 'USAGE', exit: 2 },
    { what: 'an invite that is none', args: ['login', 'collective1client'], code: 'INVITE_INVALID', exit: 5 },
    { what: 'a context that does not exist', args: ['ls', '--context', 'none'], code: 'NOT_FOUND', exit: 4 },
    { what: 'a name that is taken', args: ['init', '--name', 'alice', '--passphrase-file', '/dev/null'], code: 'USAGE', exit: 2 },
    { what: 'a source that does not exist', args: ['put', '/nowhere/none', '/x'], code: 'NOT_FOUND', exit: 4 },
    {
      what: 'more copies than there are nodes',
      args: ['put', '/etc/hostname', '/x', '--copies', '3'],
      code: 'NOT_ENOUGH_NODES',
      exit: 7,
    },
    { what: 'a file in place of a folder', args: ['mkdir', '/'], code: 'ALREADY_EXISTS', exit: 6 },
    { what: 'an event that does not exist', args: ['events', 'show', '999999'], code: 'NOT_FOUND', exit: 4 },
    { what: 'a node that does not exist', args: ['node', 'show', 'none'], code: 'NOT_FOUND', exit: 4 },
  ])('says the same to people and to scripts for $what', async ({ args, code, exit }) => {
    expect(await refused(...args)).toEqual({ code, exit });
  });

  test('asks nobody for a passphrase where there is no terminal', async () => {
    const result = await world.command('init', '--name', 'bob', '--json');
    expect(jsonOf(result, REFUSAL).error).toMatchObject({ code: 'USAGE', next: 'Give it with --passphrase-file FILE.' });
    expect(result.code).toBe(2);
  });

  test('says soon that the coordinator is away', async () => {
    const elsewhere = await world.folder();
    const config = join(elsewhere, 'config', 'collective', 'contexts');
    await mkdir(config, { recursive: true });
    const from = join(world.cluster.env['XDG_CONFIG_HOME'] ?? '', 'collective', 'contexts', 'alice');
    await mkdir(join(config, 'alice'), { mode: 0o700 });
    for (const name of await readdir(from)) {
      const content = await readFile(join(from, name), 'utf8');
      const changed = content.replace(`127.0.0.1:${world.cluster.ports.home}`, '127.0.0.1:1');
      await writeFile(join(config, 'alice', name), changed, { mode: 0o600 });
    }
    const env = { ...world.cluster.env, XDG_CONFIG_HOME: join(elsewhere, 'config') };
    const result = await world.cluster.command(['ls', '--json'], { env });
    expect(result.code).toBe(3);
    expect(jsonOf(result, REFUSAL).error.code).toBe('COORDINATOR_UNREACHABLE');
    await chmod(join(config, 'alice', 'credentials.json'), 0o644);
    const unsafe = await world.cluster.command(['ls', '--json'], { env });
    expect([unsafe.code, jsonOf(unsafe, REFUSAL).error.code]).toEqual([5, 'KEY_FILE_UNSAFE']);
  });
});

describe('another machine', () => {
  test('becomes a client by an invite, once', async () => {
    const INVITE = z.object({ invite: z.string(), id: z.string(), expires: z.string() });
    const { invite } = jsonOf(await world.ok('client', 'invite', '--name', 'phone', '--expires', '10m', '--json'), INVITE);
    const machine = await world.folder();
    const env = { ...world.cluster.env, XDG_CONFIG_HOME: join(machine, 'config') };
    const there = (args: readonly string[], input = '') => world.cluster.command(args, { env, input });
    const login = await there(['login', '-', '--json'], `${invite}\n`);
    expect(jsonOf(login, z.object({ context: z.string(), memberName: z.string() }))).toEqual({
      context: 'alice',
      memberName: 'alice',
    });
    expect((await there(['write', '/from-phone'], 'hello from the phone\n')).code).toBe(0);
    expect(text((await world.ok('cat', '/from-phone')).stdout)).toBe('hello from the phone\n');
    const shown = jsonOf(await there(['context', 'show', '--json']), z.object({ clientName: z.string(), directory: z.string() }));
    expect(shown.clientName).toBe('phone');
    expect((await stat(join(shown.directory, 'credentials.json'))).mode & 0o777).toBe(0o600);
    const again = await there(['login', invite, '--context-name', 'again', '--json']);
    expect([again.code, jsonOf(again, REFUSAL).error.code]).toEqual([5, 'INVITE_INVALID']);
    expect(jsonOf(await there(['context', 'list', '--json']), z.object({ current: z.string() })).current).toBe('alice');
  });
});

describe('commands for people', () => {
  test('show what there is, one name a line', async () => {
    await world.ok('mkdir', '-p', '/shown/folder/deep');
    await world.cluster.ok(['write', '/shown/file'], { input: 'text' });
    expect(text((await world.ok('ls', '/shown')).stdout)).toBe('file\nfolder/\n');
    expect(text((await world.ok('ls', '-R', '/shown')).stdout)).toBe('/shown/file\n/shown/folder/\n/shown/folder/deep/\n');
    expect(text((await world.ok('ls', '-l', '/shown')).stdout)).toMatch(/^-rw-.{7} +4 B .* v1 +file\ndrwx.* folder\/\n$/);
    expect(text((await world.ok('stat', '/shown/file')).stdout)).toMatch(/Size: +4 B \(4 bytes\)/);
  });

  test('move and remove', async () => {
    await world.ok('mkdir', '/moves');
    await world.cluster.ok(['write', '/moves/a'], { input: 'a' });
    await world.ok('mv', '/moves/a', '/moves/b');
    expect((await world.command('rm', '/moves')).code).toBe(6);
    await world.ok('rm', '-r', '/moves', '/none', '-f');
    expect((await world.command('stat', '/moves')).code).toBe(4);
  });

  test('print nothing with --quiet', async () => {
    const file = join(await world.folder(), 'file');
    await writeFile(file, 'quiet');
    const result = await world.ok('put', file, '/quiet', '-q');
    expect([text(result.stdout), result.stderr]).toEqual(['', '']);
  });

  test('begin the status with health and cause', async () => {
    expect(text((await world.ok('status')).stdout)).toMatch(/^Degraded: .* disk.*\nNext: /);
    const COORDINATOR = z.object({ coordinator: z.object({ pid: z.number(), residentBytes: z.number() }) });
    const { coordinator } = jsonOf(await world.ok('coordinator', 'status', '--json'), COORDINATOR);
    expect(coordinator.pid).toBe(world.cluster.coordinator.pid);
    expect(coordinator.residentBytes).toBeGreaterThan(0);
  });

  test('show the program and its version', async () => {
    const VERSION = z.object({ version: z.string(), node: z.string(), platform: z.string() });
    expect(jsonOf(await world.ok('version', '--json'), VERSION).node).toBe(process.versions.node);
  });
});

describe('the log', () => {
  const EVENT = z.object({ sequence: z.number(), type: z.string(), time: z.string(), actor: z.string(), payload: z.unknown() });

  test('lists, shows and follows its events', async () => {
    const { events } = jsonOf(
      await world.ok('events', 'list', '--from', '1', '--limit', '3', '--json'),
      z.object({ events: z.array(EVENT) }),
    );
    expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    expect(events[0]?.type).toBe('CollectiveFounded');
    expect(jsonOf(await world.ok('events', 'show', '1', '--json'), EVENT)).toEqual(events[0]);

    let ended = false;
    const following = world.cluster
      .command(['events', 'tail', '-n', '0', '--type', 'DirectoryCreated', '--json'], {
        onSpawn: (child) => child.stdout?.once('data', () => child.kill('SIGINT')),
      })
      .finally(() => {
        ended = true;
      });
    // One of these is made after the follower has begun.
    for (let index = 0; !ended; index += 1) await world.ok('mkdir', `/followed-${index}`);
    const { code, stdout } = await following;
    expect(`${code} ${text(stdout)}`).toMatch(/^130 \{.*"type":"DirectoryCreated"/);
  });

  test('is verified and replayed', async () => {
    const VERIFIED = z.object({ ok: z.boolean(), events: z.number(), findings: z.array(z.unknown()) });
    const verified = jsonOf(await world.ok('audit', 'verify', '--json'), VERIFIED);
    expect([verified.ok, verified.findings]).toEqual([true, []]);
    const REPLAYED = z.object({ ok: z.boolean(), views: z.array(z.object({ name: z.string(), equal: z.boolean() })) });
    const replayed = jsonOf(await world.ok('audit', 'replay', '--json'), REPLAYED);
    expect(replayed.ok).toBe(true);
    expect(replayed.views.length).toBeGreaterThan(3);
    expect(replayed.views.every(({ equal }) => equal)).toBe(true);
  });
});

describe('a daemon', () => {
  test('ends in order when it is told to, with exit code 0, and is not started twice', async () => {
    const [node] = world.cluster.nodes;
    const directory = world.cluster.nodeDirectories[0] ?? '';
    const second = await world.command('node', 'start', '--path', directory, '--json');
    expect([second.code, jsonOf(second, REFUSAL).error.code]).toEqual([6, 'ALREADY_RUNNING']);
    expect(await node?.stop('SIGTERM')).toBe(0);
    expect(await node?.start()).toMatchObject({ ready: true, role: 'node', path: directory });
    expect(await world.cluster.coordinator.stop('SIGINT')).toBe(0);
    expect(await world.cluster.coordinator.start()).toMatchObject({ ready: true, role: 'coordinator', name: 'alice' });
    await world.cluster.untilOnline(2);
  });

  test('is named when it has to be chosen', async () => {
    expect(await refused('node', 'start')).toMatchObject({ exit: 2 });
    expect(await refused('coordinator', 'start', '--name', 'nobody')).toEqual({ code: 'NOT_FOUND', exit: 4 });
  });
});

import { execFile } from 'node:child_process';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { jsonOf, World } from '../support/e2e/index.js';

const run = promisify(execFile);
const EXAMPLE = fileURLToPath(new URL('../../examples/plugin-hello', import.meta.url));
const HELLO = z.object({ member: z.literal('alice'), path: z.string(), files: z.literal(1), bytes: z.literal(5) });

let world: World;

beforeAll(async () => {
  world = await World.start({ nodes: 1 });
  await world.cluster.ok(['write', '--copies', '1', '/greeting'], { input: 'hello' });
});

afterAll(async () => {
  await world.stop();
});

/** No registry is needed, and none is waited for. */
const offline = (): NodeJS.ProcessEnv => ({ ...world.cluster.env, npm_config_offline: 'true', npm_config_fetch_retries: '0' });

async function expectGone(): Promise<void> {
  expect((await world.command('hello')).code).toBe(2);
  expect((await world.ok('ls')).stdout.toString('utf8')).toBe('greeting\n');
}

describe('a plugin', () => {
  test('is linked, runs as the commands of the program do, and is removed', async () => {
    await expectGone();
    const folder = join(await world.folder(), 'plugin');
    await cp(EXAMPLE, folder, { recursive: true });
    await world.cluster.ok(['plugins', 'link', folder], { env: offline() });
    expect(jsonOf(await world.ok('hello', '--json'), HELLO).path).toBe('/');
    expect((await world.ok('hello', '/')).stdout.toString('utf8')).toBe('Hello alice! In / is 1 file, 5 B.\n');
    const wrong = await world.command('hello', '/greetin');
    expect([wrong.code, wrong.stderr]).toEqual([4, expect.stringContaining('Did you mean /greeting?')]);
    expect((await world.ok('ls')).stdout.toString('utf8')).toBe('greeting\n');
    await world.cluster.ok(['plugins', 'uninstall', 'collective-plugin-hello'], { env: offline() });
    await expectGone();
  });

  test('is installed from a file, runs, and is removed', async () => {
    const folder = await world.folder();
    const { stdout } = await run('npm', ['pack', '--silent', EXAMPLE], { cwd: folder });
    await world.cluster.ok(['plugins', 'install', `file://${join(folder, stdout.trim())}`], { env: offline() });
    expect(jsonOf(await world.ok('hello', '--json'), HELLO).files).toBe(1);
    await world.cluster.ok(['plugins', 'uninstall', 'collective-plugin-hello'], { env: offline() });
    await expectGone();
  });
});

describe('completion', () => {
  test('knows commands, topics and flags in bash', async () => {
    await world.ok('autocomplete', 'bash', '--refresh-cache');
    const functions = join(
      world.cluster.env['XDG_CACHE_HOME'] ?? '',
      'collective',
      'autocomplete',
      'functions',
      'bash',
      'collective.bash',
    );
    expect(await readFile(functions, 'utf8')).toContain('_collective_autocomplete');
    const complete = async (...words: readonly string[]): Promise<readonly string[]> => {
      const script =
        `source "${functions}"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _collective_autocomplete; ` +
        'printf "%s\\n" "$' +
        '{COMPREPLY[@]}" | sort -u';
      return (await run('bash', ['-c', script, 'bash', ...words])).stdout.trim().split('\n');
    };
    expect(await complete('collective', 'con')).toEqual(['config', 'context']);
    expect(await complete('collective', 'node', 'li')).toEqual(['list']);
    expect(await complete('collective', 'ls', '--re')).toEqual(['--recursive']);
  });
});

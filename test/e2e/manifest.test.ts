import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { World } from '../support/e2e/index.js';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

const MANIFEST = z.object({
  commands: z.record(z.string(), z.object({ flags: z.record(z.string(), z.unknown()) })),
});
const { commands } = MANIFEST.parse(JSON.parse(read('oclif.manifest.json')));
const reference = read('docs/cli.md');

/** Commands that can be run on any running cluster, and so are held against what the reference says that they print. */
const PRINTS: readonly (readonly string[])[] = [
  ['status'],
  ['coordinator', 'status'],
  ['node', 'list'],
  ['node', 'show', 'node-1'],
  ['context', 'list'],
  ['context', 'show'],
  ['config', 'show'],
  ['doctor'],
  ['version'],
  ['events', 'list'],
  ['events', 'show', '1'],
  ['audit', 'verify'],
  ['audit', 'replay'],
  ['ls', '/'],
  ['stat', '/'],
  ['mkdir', '/made'],
  ['mv', '/made', '/moved'],
  ['rm', '-r', '/moved'],
  ['client', 'invite'],
];

let world: World;

beforeAll(async () => {
  world = await World.start({ nodes: 1 });
});

afterAll(async () => {
  await world.stop();
});

describe('every command', () => {
  test.each(Object.entries(commands))('%s has --json and --quiet, and stands in the reference', (id, { flags }) => {
    expect(Object.keys(flags)).toEqual(expect.arrayContaining(['json', 'quiet']));
    expect(reference).toMatch(new RegExp(`\`${id.replaceAll(':', ' ')}\\b`));
  });
});

describe('with --json', () => {
  test.each(PRINTS.map((args) => [args.join(' '), args] as const))(
    '%s prints one object, of keys that the reference names',
    async (_name, args) => {
      const { stdout, stderr } = await world.ok(...args, '--json');
      const printed = z.record(z.string(), z.unknown()).parse(JSON.parse(stdout.toString('utf8')));
      expect(stderr).toBe('');
      expect(Object.keys(printed).filter((key) => !new RegExp(`\\b${key}\\b`).test(reference))).toEqual([]);
    },
  );
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { householdFolders } from '../../../src/cli/compose/household.js';

let data: string;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'collective-household-'));
});

afterEach(async () => {
  await rm(data, { recursive: true });
});

async function founded(name: string): Promise<void> {
  await mkdir(join(data, name, 'coordinator'), { recursive: true });
  await writeFile(join(data, name, 'coordinator', 'coordinator.json'), '{}');
}

it('another name beside a member that is here founds nobody by mistake, and says what to do', async () => {
  await founded('alice');
  await expect(householdFolders(data, { directory: undefined, name: 'bob' }, 'bob')).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('alice'),
    next: expect.stringMatching(/up --name alice.*up --name bob --directory DIR/),
  });
});

it('a second member is founded in a folder that was asked for', async () => {
  await founded('alice');
  const folders = await householdFolders(data, { directory: join(data, 'elsewhere'), name: 'bob' }, 'bob');
  expect(folders).toMatchObject({ coordinator: join(data, 'elsewhere', 'coordinator'), founded: false });
});

it('the member that is here is started by its name or without one, and the first is founded under any name', async () => {
  expect((await householdFolders(data, { directory: undefined, name: 'bob' }, 'bob')).founded).toBe(false);
  await founded('alice');
  for (const name of ['alice', undefined]) {
    expect(await householdFolders(data, { directory: undefined, name }, 'me')).toMatchObject({
      coordinator: join(data, 'alice', 'coordinator'),
      founded: true,
    });
  }
});

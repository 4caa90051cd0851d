import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NodeFileSystem } from '../../../src/runtime/index.js';
import { EVENT_SHAPES } from '../../../src/events/codec/shapes/index.js';
import type { Golden } from '../../fixtures/events/golden.js';
import { signerOf } from '../../support/events.js';
import { checkBlock, checkLogFolder, firstLink } from './independent-verifier.js';
import { longLog } from './rules.js';

describe('what docs/log-format.md says', () => {
  let root = '';
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'collective-log-document-'));
    const { log } = await longLog({ fileSystem: new NodeFileSystem(), root });
    await log.close();
  });
  afterAll(() => rm(root, { recursive: true }));

  it('is enough to verify a log without any of this program', () => {
    expect(checkLogFolder(join(root, 'log'))).toBe(120);
  });

  it('finds a flipped bit in every file', async () => {
    for (const name of await readdir(join(root, 'log'))) {
      const path = join(root, 'log', name);
      const bytes = await readFile(path);
      const position = name.endsWith('.segment') ? 70_000 : 60;
      await writeFile(path, bytes.with(position, (bytes[position] ?? 0) ^ 1));
      expect(() => checkLogFolder(join(root, 'log'))).toThrow(Error);
      await writeFile(path, bytes);
    }
    expect(checkLogFolder(join(root, 'log'))).toBe(120);
  });

  it('describes the block of its example', async () => {
    const golden = JSON.parse(await readFile(new URL('../../fixtures/events/golden.json', import.meta.url), 'utf8')) as Golden;
    const block = Buffer.from(golden.block, 'hex');
    const link = firstLink(block.subarray(8, 40), Buffer.from(signerOf(1).publicKey));
    checkBlock(block, link);
    expect(link).toMatchObject({ sequence: 2, timeMs: 1_700_000_000_001 });
    const page = await readFile(new URL('../../../docs/log-format.md', import.meta.url), 'utf8');
    const example = page.slice(page.indexOf('## A worked example')).replaceAll(/\s/g, '');
    for (const [from, to] of [
      [0x70, 0x90],
      [0xc0, 0xe0],
      [0xe0, 0x100],
      [0x153, 0x163],
    ]) {
      expect(example).toContain(block.toString('hex', from, to).slice(0, 32));
    }
  });

  it('lists every type of event, at its version', async () => {
    const page = await readFile(new URL('../../../docs/log-format.md', import.meta.url), 'utf8');
    for (const [type, { version }] of Object.entries(EVENT_SHAPES)) {
      // The newest version stands with its type, the others in a table of their own.
      expect(page).toContain(version === 1 ? `| ${type} |` : `| ${type} (${version}) |`);
      for (let older = 1; older < version; older += 1) expect(page).toContain(`| ${type} ${older} |`);
    }
  });
});

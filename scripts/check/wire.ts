import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { filesBelow } from './files.js';
import { bin, programPart, ROOT, runProgram, type Part } from './parts.js';

const GENERATED = 'src/transport/generated';
/** The wire contract as last accepted; `npm run wire:accept` replaces it. */
export const ACCEPTED = 'proto/accepted.json';

export const wireLint = programPart('wire: lint', bin('buf'), ['lint']);
export const wireBreaking = programPart('wire: compatible with what was accepted', bin('buf'), [
  'breaking',
  '--against',
  ACCEPTED,
]);

/** Generates again beside the tree, and compares. */
export const wireGenerated: Part = {
  name: 'wire: generated code is up to date',
  run: async () => {
    mkdirSync(join(ROOT, '.cache'), { recursive: true });
    const fresh = relative(ROOT, mkdtempSync(join(ROOT, '.cache', 'generated-')));
    try {
      const template = readFileSync(join(ROOT, 'buf.gen.yaml'), 'utf8').replace(`out: ${GENERATED}`, `out: ${fresh}`);
      const { code, output } = await runProgram(bin('buf'), ['generate', '--template', template]);
      if (code !== 0) return [output];
      const names = new Set([GENERATED, fresh].flatMap((folder) => filesBelow(folder).map((file) => relative(folder, file))));
      const stale = [...names].filter((name) => contentOf(join(ROOT, GENERATED, name)) !== contentOf(join(ROOT, fresh, name)));
      return stale.map((name) => `${GENERATED}/${name} is stale: run npm run generate`);
    } finally {
      rmSync(join(ROOT, fresh), { recursive: true, force: true });
    }
  },
};

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

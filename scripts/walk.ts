// npm run walk: newcomers' first days, command by command, for real; writes docs/getting-started.md and docs/federation.md with what
// they printed; --page NAME: only one of them. With --check it writes nothing, and fails where a command now ends otherwise or prints
// something else. --keep leaves the files.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './check/parts.js';
import { differences } from './walk/compare.js';
import { markdownOf } from './walk/page.js';
import { type Page, PAGES } from './walk/pages/index.js';

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    page: { type: 'string', multiple: true, default: Object.keys(PAGES) },
  },
});

async function walk(page: Page): Promise<void> {
  const file = join(ROOT, page.path);
  const root = await mkdtemp(join(tmpdir(), 'collective-walk-'));
  let told: string;
  try {
    const { households, close } = await page.open(root);
    try {
      told = await markdownOf({ ...page, households });
    } finally {
      await close();
    }
  } finally {
    if (values.keep) console.log(`The files are in ${root}`);
    else await rm(root, { recursive: true, force: true });
  }
  if (!values.check) {
    await writeFile(file, told);
    console.log(`Written: ${file}`);
    return;
  }
  const found = differences(await readFile(file, 'utf8'), told);
  for (const line of found) console.error(line);
  const said = found.length === 0 ? 'as it is written down' : `${found.length} lines differ; npm run walk writes it anew`;
  console.log(`${page.path}: ${said}.`);
  if (found.length > 0) process.exitCode = 1;
}

for (const name of values.page) {
  const page = PAGES[name];
  if (page === undefined) throw new Error(`--page is one of ${Object.keys(PAGES).join(', ')}`);
  await walk(page);
}

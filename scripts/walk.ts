// npm run walk: a newcomer's first day, command by command, for real; writes docs/getting-started.md with what they printed.
// With --check it writes nothing, and fails where a command now ends otherwise or prints something else. --keep leaves the files.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './check/parts.js';
import { differences } from './walk/compare.js';
import { Household } from './walk/household.js';
import { markdownOf } from './walk/page.js';
import { chapters } from './walk/chapters.js';

const PAGE = join(ROOT, 'docs', 'getting-started.md');

const { values } = parseArgs({
  options: { check: { type: 'boolean', default: false }, keep: { type: 'boolean', default: false } },
});
const root = await mkdtemp(join(tmpdir(), 'collective-walk-'));
const household = await Household.create(root);
let page: string;
try {
  page = await markdownOf(chapters, household);
} finally {
  await household.stopAll();
  if (values.keep) console.log(`The files are in ${root}`);
  else await rm(root, { recursive: true, force: true });
}
if (values.check) {
  const found = differences(await readFile(PAGE, 'utf8'), page);
  for (const line of found) console.error(line);
  console.log(
    found.length === 0 ? 'The walk is as it is written down.' : `${found.length} lines differ; npm run walk writes it anew.`,
  );
  process.exitCode = found.length === 0 ? 0 : 1;
} else {
  await writeFile(PAGE, page);
  console.log(`Written: ${PAGE}`);
}

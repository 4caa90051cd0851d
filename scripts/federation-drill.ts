// npm run federation:drill -- --rounds N --seed S: three members on machines of their own, under load, while links between them are
// cut and healed, coordinators and nodes killed, and addresses changed.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runFederationDrill } from './federation-drill/run.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } },
});
const root = await mkdtemp(join(tmpdir(), 'collective-federation-'));
console.error(`federation drill: seed ${values.seed}, ${values.rounds} rounds, data and logs in ${root}`);
const report = await runFederationDrill({
  root,
  rounds: Number(values.rounds),
  seed: Number(values.seed),
  onProgress: (text) => console.error(text),
});
console.log(
  `rounds           ${report.rounds} (${Object.entries(report.ways)
    .map(([way, count]) => `${way}: ${count}`)
    .join(', ')})`,
);
console.log(
  `acknowledged     ${report.acknowledged} changes of three members; their logs have ${report.events.join(', ')} events`,
);
console.log(`in step again    after ${(report.slowestMs / 1000).toFixed(1)} s at most, once all was healed`);
console.log(`complaints       ${report.complaints.length}`);
for (const complaint of report.complaints.slice(0, 20)) console.log(`  ${complaint}`);
const good = report.complaints.length === 0;
if (good) await rm(root, { recursive: true });
else console.log(`what was stored and logged is kept in ${root}`);
process.exitCode = good ? 0 : 1;

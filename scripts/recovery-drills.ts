import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type DrillKind, KINDS, runDrills } from './recovery-drills/run.js';

const { values } = parseArgs({
  options: {
    kind: { type: 'string', default: 'recover' },
    count: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
  },
});

const kind = KINDS.find((each) => each === values.kind);
if (kind === undefined) throw new Error(`--kind is one of ${KINDS.join(', ')}`);
const what: Readonly<Record<DrillKind, string>> = {
  recover: "the coordinator's folder lost under load, and recovered from its witnesses",
  backup: "an old backup of the coordinator's folder put back",
  epoch: 'an epoch started by the operator',
  member: 'a coordinator whose log only other members keep: lost, put back, parted',
};
const root = await mkdtemp(join(tmpdir(), 'collective-drills-'));
console.error(`drills: ${what[kind]}; seed ${values.seed}, ${values.count} drills, data and logs in ${root}`);
const report = await runDrills({
  root,
  kind,
  count: Number(values.count),
  seed: Number(values.seed),
  onProgress: (text) => console.error(text),
});
console.log(
  `drills           ${report.drills} (${Object.entries(report.ways)
    .map(([way, count]) => `${way}: ${count}`)
    .join(', ')})`,
);
console.log(`acknowledged     ${report.acknowledged} changes; the log has ${report.events} events`);
console.log(`slowest          ${(report.slowestMs / 1000).toFixed(1)} s for one drill, from load to all checked`);
console.log(`complaints       ${report.complaints.length}`);
for (const complaint of report.complaints.slice(0, 20)) console.log(`  ${complaint}`);
const good = report.complaints.length === 0;
if (good) await rm(root, { recursive: true });
else console.log(`what was stored and logged is kept in ${root}`);
process.exitCode = good ? 0 : 1;

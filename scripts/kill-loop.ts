import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runKillLoop } from './kill-loop/run.js';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '3' },
  },
});

const root = await mkdtemp(join(tmpdir(), 'collective-kill-loop-'));
console.error(`kill loop: seed ${values.seed}, ${values.kills} kills, data and logs in ${root}`);
const report = await runKillLoop({
  root,
  kills: Number(values.kills),
  seed: Number(values.seed),
  workers: Number(values.workers),
  onProgress: (text) => console.error(text),
});
const total = Object.values(report.kills).reduce((sum, count) => sum + count, 0);
console.log(
  `kills            ${total} (coordinator ${report.kills.coordinator}, node ${report.kills.node}, client ${report.kills.client})`,
);
console.log(`in flight        ${report.inFlight} of them struck while operations ran`);
console.log(`operations       ${report.operations}`);
console.log(`acknowledged     ${report.acknowledged} changes, ${report.paths} paths read back in the end`);
console.log(`lost             ${report.lost}`);
console.log(`wrong            ${report.wrong}`);
console.log(`slowest restart  ${Math.round(report.slowestRestartMs)} ms until ready`);
console.log(`replay           ${report.replayEqual ? 'equal to the live views' : 'DIFFERS from the live views'}`);
for (const complaint of report.complaints.slice(0, 20)) console.log(`  ${complaint}`);
const good = report.lost === 0 && report.wrong === 0 && report.replayEqual && report.slowestRestartMs < 5000;
if (good) await rm(root, { recursive: true });
else console.log(`what was stored and logged is kept in ${root}`);
process.exitCode = good ? 0 : 1;

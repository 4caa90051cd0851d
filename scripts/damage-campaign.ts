import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeFixtures, placesIn } from './damage-campaign/fixture.js';
import { runLanes } from './damage-campaign/run.js';
import { tables } from './damage-campaign/table.js';
import { OUTCOMES } from './damage-campaign/trial.js';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    /** Only this trial of the seed, and in full. */
    only: { type: 'string' },
    from: { type: 'string', default: '0' },
    /** So many trials side by side: most of a trial's time goes by in waiting. */
    lanes: { type: 'string', default: '2' },
    /** Where the data of an earlier run are: then they are not made again, and are kept. */
    root: { type: 'string' },
  },
});

const root = values.root ?? (await mkdtemp(join(tmpdir(), 'collective-damage-')));
const lanes = values.only === undefined && values.root === undefined ? Number(values.lanes) : 1;
const roots = Array.from({ length: lanes }, (_, lane) => (values.root === undefined ? join(root, `lane-${lane + 1}`) : root));
if (values.root === undefined) {
  for (const lane of roots) {
    await mkdir(lane);
    await makeFixtures(placesIn(lane));
  }
}
const from = Number(values.only ?? values.from);
const to = values.only === undefined ? from + Number(values.count) : from + 1;
console.error(`damage campaign: seed ${values.seed}, trials ${from} to ${to - 1}, data in ${root}`);
let done = 0;
const trials = await runLanes(roots, {
  seed: values.seed,
  from,
  to,
  async onTrial(trial, lane) {
    await appendFile(join(root, 'trials.jsonl'), `${JSON.stringify(trial)}\n`);
    if (values.only !== undefined) console.log(JSON.stringify(trial, undefined, 2));
    const bad = OUTCOMES.indexOf(trial.outcome) >= OUTCOMES.indexOf('unclear');
    const { live } = placesIn(lane);
    const faults = trial.faults.map(({ fault, path, what }) => `${fault} ${path.slice(live.length)} (${what})`);
    if (bad) {
      console.error(
        `${trial.outcome.toUpperCase()}: --root ${lane} --seed ${values.seed} --only ${trial.trial}: ${faults.join('; ')}`,
      );
      for (const { who, code, text } of trial.complaints) console.error(`    ${who}: ${code}: ${text.slice(0, 300)}`);
      for (const wrong of trial.wrong.slice(0, 3)) console.error(`    ${wrong}`);
    }
    done += 1;
    if (done % 50 === 0) console.error(`${done} trials`);
  },
});
console.log(tables(trials));
const bad = trials.filter(({ outcome }) => OUTCOMES.indexOf(outcome) >= OUTCOMES.indexOf('unclear'));
console.log(`\nseed ${values.seed}: ${trials.length} trials, ${bad.length} of them not as they should be`);
if (bad.length === 0 && values.root === undefined) await rm(root, { recursive: true });
else console.log(`data and trials.jsonl are kept in ${root}; again: --root ${root}/lane-N --seed ${values.seed} --only N`);
process.exitCode = bad.length === 0 ? 0 : 1;

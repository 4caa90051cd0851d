import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFixtures, placesIn } from '../../scripts/damage-campaign/fixture.js';
import { runTrials } from '../../scripts/damage-campaign/run.js';

const TRIALS = 10;
const SEED = 'ci';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'collective-damage-'));
  await makeFixtures(placesIn(root));
});
afterAll(() => rm(root, { recursive: true, force: true }));

test('damaged files of whatever kind end in what is right, or in an error that names the file', {
  timeout: 600_000,
}, async () => {
  const bad: string[] = [];
  const trials = await runTrials({
    root,
    seed: SEED,
    from: 0,
    to: TRIALS,
    onTrial: ({ trial, outcome, faults, complaints, wrong }) => {
      if (outcome === 'unclear' || outcome === 'wrong' || outcome === 'hung' || outcome === 'died') {
        bad.push(`trial ${trial}: ${outcome}: ${JSON.stringify({ faults, complaints, wrong })}`);
      }
      return Promise.resolve();
    },
  });
  expect(bad).toEqual([]);
  expect(trials).toHaveLength(TRIALS);
});

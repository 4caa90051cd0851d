import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CommandsMember } from './commands-member.js';
import { layOut, placesIn, readOracle } from './fixture.js';
import { MemberInProcess } from './member.js';
import { endOf, randomOf, strike, type Fault } from './plan.js';
import { judge, type Verdict } from './trial.js';

// One process that makes trials, a line of JSON each. The native database may end it: whoever started it starts another one.

const { values } = parseArgs({
  options: {
    root: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    /** Goes on with trial `from` on the data as a process that died left them; what was done to them, as JSON. */
    resume: { type: 'string' },
  },
});

const places = placesIn(values.root ?? '');
const seed = values.seed ?? '';
const oracle = await readOracle(places);
const target = join(places.root, 'read');
/** One in so many trials is made with the commands and processes of the built product. */
const COMMANDS_EVERY = 50;
/** One in so many is started once more, to see that nothing is mended again and again. */
const AGAIN_EVERY = 6;

/** Nobody waits longer for a start, a whole read and a write of so little; and then there is no telling what still runs. */
const HUNG_AFTER_MS = 120_000;

const say = (line: object): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

function untilHung(trial: number, faults: readonly Fault[]): NodeJS.Timeout {
  return setTimeout(() => {
    const verdict: Verdict = { outcome: 'hung', complaints: [], findings: [], wrong: [] };
    const line = JSON.stringify({ trial, end: endOf(seed, trial), faults, ...verdict, wallMs: HUNG_AFTER_MS });
    process.stdout.write(`${line}\n`, () => process.exit(0));
  }, HUNG_AFTER_MS);
}

async function judged(trial: number, faults: readonly Fault[]): Promise<Verdict> {
  const withCommands = trial % COMMANDS_EVERY === COMMANDS_EVERY - 1;
  const member = withCommands ? await CommandsMember.over(places.live) : new MemberInProcess(places.live);
  try {
    return await judge(member, faults, { ...oracle }, target);
  } finally {
    await member.stop();
  }
}

/** Right once is not enough: what was mended has to be so for good. */
async function judgedTwice(trial: number, faults: readonly Fault[]): Promise<Verdict> {
  const first = await judged(trial, faults);
  const right = first.outcome === 'harmless' || first.outcome === 'noticed' || first.outcome === 'mended';
  if (!right || randomOf(seed, trial).fork('again').integer(AGAIN_EVERY) > 0) return first;
  const member = new MemberInProcess(places.live);
  try {
    const withWritten = { ...oracle, '/written afterwards': WRITTEN };
    const second = await judge(member, faults, withWritten, target);
    const still = second.outcome === 'harmless' || second.outcome === 'noticed' || second.outcome === 'mended';
    return still ? first : { ...second, findings: [...second.findings, '(at the second start)'] };
  } finally {
    await member.stop();
  }
}

/** SHA-256 of what `judge` writes. */
const WRITTEN = await import('../../test/support/e2e/index.js').then(({ contentOf, digestOf }) =>
  digestOf(contentOf('afterwards', 100_000)),
);

for (let trial = Number(values.from); trial < Number(values.to); trial += 1) {
  const resumed = values.resume !== undefined && trial === Number(values.from);
  let faults: readonly Fault[];
  if (resumed) faults = JSON.parse(values.resume ?? '[]') as readonly Fault[];
  else {
    await layOut(places, endOf(seed, trial));
    faults = await strike(places.live, seed, trial);
  }
  say({ begun: trial, faults });
  const startedMs = performance.now();
  const hanging = untilHung(trial, faults);
  const verdict = await judgedTwice(trial, faults);
  clearTimeout(hanging);
  say({ trial, end: endOf(seed, trial), faults, ...verdict, wallMs: Math.round(performance.now() - startedMs) });
}
process.exit(0);

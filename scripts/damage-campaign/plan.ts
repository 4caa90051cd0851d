import { SeededRandom } from '../../test/simulation/ports/index.js';
import { FILE_FAULTS } from '../../test/support/faults/file-faults.js';
import { ENDS, type End } from './fixture.js';
import { targetsIn, type Target } from './targets.js';

export interface Fault {
  readonly kind: string;
  readonly fault: string;
  readonly path: string;
  /** What was done, for people. */
  readonly what: string;
}

export const randomOf = (seed: string, trial: number): SeededRandom => new SeededRandom(`damage/${seed}/${trial}`);

/** Whether the trial starts from data of processes that had ended well. */
export const endOf = (seed: string, trial: number): End => randomOf(seed, trial).fork('end').pick(ENDS);

const pickOf = <Item>(random: SeededRandom, items: readonly Item[]): Item | undefined => items[random.integer(items.length)];

/** One to three faults in the data at `live`, as the seed says. Every kind of file is as likely as every other. */
export async function strike(live: string, seed: string, trial: number): Promise<readonly Fault[]> {
  const random = randomOf(seed, trial).fork('faults');
  const count = random.chance(0.6) ? 1 : random.chance(0.6) ? 2 : 3;
  const faults: Fault[] = [];
  for (let index = 0; index < count; index += 1) {
    const targets = await targetsIn(live);
    const kinds = [...targets.keys()];
    const kind = pickOf(random, kinds) ?? '';
    const target = pickOf(random, targets.get(kind) ?? []);
    const fault = pickOf(random, Object.keys(FILE_FAULTS)) ?? '';
    if (target === undefined) continue;
    const what = await FILE_FAULTS[fault]?.(target.path, random, swappable(targets, target));
    faults.push({ kind, fault, path: target.path, what: (what ?? '').replaceAll(live, '') });
  }
  return faults;
}

/** Mostly files of the same kind: what a mistaken restore or a file system mixes up. */
function swappable(targets: ReadonlyMap<string, readonly Target[]>, target: Target): readonly string[] {
  const same = (targets.get(target.kind) ?? []).map(({ path }) => path);
  if (same.length > 1) return same;
  return [...targets.values()].flat().map(({ path }) => path);
}

import { beforeAll, describe, expect, it } from 'vitest';
import { benchMesh } from '../../../bench/mesh/in-process.js';
import type { Figure } from '../../../bench/measure/statistics.js';

// The short form of `npm run bench:mesh`: more coordinators than each pushes everything to, in virtual time.
describe('eighteen coordinators that all know each other', () => {
  let figures: readonly Figure[] = [];
  const measured = (name: string): number => {
    const found = figures.find((figure) => figure.name.endsWith(`: ${name}`));
    if (found === undefined) throw new Error(`nothing was measured that is called ${name}`);
    return found.median;
  };

  beforeAll(async () => {
    figures = await benchMesh({ coordinators: 18, nodesEach: 1, parts: 3, changes: 10 }, () => undefined);
  }, 300_000);

  it('have all applied a change within a second after the delay of the network', () => {
    expect(measured('a change: until all have applied it, without the longest link: p99')).toBeLessThan(1000);
  });

  it('send no more than a kilobyte for a small change to each that gets it', () => {
    expect(measured('a change: sent for each that gets it')).toBeLessThan(1000);
  });

  it('send each other a few bytes a second while nothing happens', () => {
    expect(measured('idle: sent by one coordinator')).toBeLessThan(17 * 4);
  });
});

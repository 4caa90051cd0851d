import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take longest, by what they were seen to take. What is not named here is short. */
const LONG = [
  'test/e2e/federation.test.ts',
  'test/e2e/recovery-drills.test.ts',
  'test/e2e/foreign-copies.test.ts',
  'test/e2e/remote.test.ts',
  'test/e2e/newcomer.test.ts',
  'test/e2e/damage-campaign.test.ts',
  'test/e2e/certificates.test.ts',
  'test/e2e/kill-loop.test.ts',
  'test/simulation/system/system.test.ts',
  'test/simulation/mesh/mesh.test.ts',
  'test/integration/access/matrix.test.ts',
  'test/integration/access/members-matrix.test.ts',
];

/** Begins with what takes longest, so that no worker is left alone with it at the end, also where no run was timed before. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONG.indexOf(relative(this.ctx.config.root, moduleId));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}

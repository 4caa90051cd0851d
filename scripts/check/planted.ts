import { join } from 'node:path';
import { readPlantedFaults } from '../planted-faults/patch-file.js';
import { type Part, ROOT, runProgram } from './parts.js';

/** Every planted fault applies to the code that stands: one that does not is missed without a word until somebody plants them all. */
export const plantedFaultsApply: Part = {
  name: 'planted faults apply',
  run: async () => {
    const problems: string[] = [];
    for (const { name, path } of await readPlantedFaults(join(ROOT, 'test', 'planted'))) {
      const { code, output } = await runProgram('git', ['apply', '--check', '--recount', path]);
      if (code !== 0) problems.push(`${name}: ${output}`);
    }
    return problems;
  },
};

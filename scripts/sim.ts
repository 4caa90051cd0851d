import { simulate } from '../test/simulation/system/run.js';
import { runSeeds } from './simulation/run-seeds.js';

/**
 * Runs seeds of the simulation of the whole system, up to the first that fails: npm run sim -- --seeds N [--from S]
 * [--keep-going]. One of them with everything that happens in it: npm run sim -- --seed S --trace
 */
await runSeeds({ simulate, command: 'npm run sim', defaultSeeds: 200 });

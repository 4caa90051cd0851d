import { simulateMesh } from '../test/simulation/mesh/run.js';
import { runSeeds } from './simulation/run-seeds.js';

/**
 * Runs seeds of the simulation of several members, up to the first that fails: npm run sim:mesh -- --seeds N [--from S]
 * [--keep-going]. One of them with everything that happens in it: npm run sim:mesh -- --seed S --trace
 */
await runSeeds({ simulate: simulateMesh, command: 'npm run sim:mesh', defaultSeeds: 100 });

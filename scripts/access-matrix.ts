import { runMatrix } from './access-matrix/cells.js';
import { gaps } from './access-matrix/rpcs.js';
import { describeMatrix } from './access-matrix/table.js';

// Ports by credentials by calls, tried one by one on a real coordinator and a real node.
const missing = gaps();
for (const gap of missing) console.error(`GAP ${gap}`);
const matrix = await runMatrix();
console.log(describeMatrix(matrix));
const wrong = matrix.cells.some((cell) => cell.wrong !== undefined);
if (wrong || missing.length > 0 || matrix.faults.length > 0) process.exitCode = 1;

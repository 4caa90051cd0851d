import { parseArgs } from 'node:util';
import { runMatrix } from './access-matrix/cells.js';
import { runMembersMatrix } from './access-matrix/members/cells.js';
import { describeMembers } from './access-matrix/members/table.js';
import { gaps } from './access-matrix/rpcs.js';
import { describeMatrix } from './access-matrix/table.js';

// Ports by credentials by calls, tried one by one on a real coordinator and a real node; and every role of three members at every
// port of all three. --short: of those only one call of each kind of refusal. --only one|members: one of the two.
const { values } = parseArgs({
  options: { short: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});
let good = true;
for (const gap of gaps()) {
  console.error(`GAP ${gap}`);
  good = false;
}
if (values.only !== 'members') {
  const matrix = await runMatrix();
  console.log(describeMatrix(matrix));
  good = good && matrix.faults.length === 0 && matrix.cells.every(({ wrong }) => wrong === undefined);
}
if (values.only !== 'one') {
  const members = await runMembersMatrix(values.short ? 'short' : 'whole');
  console.log(describeMembers(members));
  const cells = [...members.together, ...members.parted];
  good = good && members.faults.length === 0 && cells.every(({ wrong }) => wrong === undefined);
}
if (!good) process.exitCode = 1;

// npm run check: everything that can be said about the tree without running it.
import { checkAll } from './check/all.js';

const { passed, failed } = await checkAll(console.log);
console.log(`check: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

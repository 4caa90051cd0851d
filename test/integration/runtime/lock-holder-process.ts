import { lockDataDirectory } from '../../../src/runtime/index.js';

/** Run as a process of its own: holds the lock until it is killed. */
const [, , path = ''] = process.argv;
await lockDataDirectory(path);
process.stdout.write('locked\n');
process.stdin.resume();

import { LevelKeyValueStores } from '../../../src/runtime/index.js';

/** Run as a process of its own, since the native database may end it. */
const [, , path = ''] = process.argv;
await new LevelKeyValueStores().open(path, 'open');
process.exit(0);

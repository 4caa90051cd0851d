import { utf8 } from '../../../src/base/index.js';
import { LevelKeyValueStores } from '../../../src/runtime/index.js';

/** Run as a process of its own: writes one unsynced batch after another, and says so after each, until it is killed. */
const [, , path = ''] = process.argv;
const store = await new LevelKeyValueStores().open(path, 'create');
for (let number = 0; ; number += 1) {
  await store.batch([
    { kind: 'put', key: utf8(`first-${number}`), value: utf8('x') },
    { kind: 'put', key: utf8(`second-${number}`), value: utf8('x'.repeat(1000)) },
  ]);
  process.stdout.write(`${number}\n`);
}

// A process of its own on the machine of one member: makes folders and files as fast as they are acknowledged, and says which were.
// Arguments: the folder of the contexts, a seed. Lines of standard input: `start <folder>`, `stop`.
import { createInterface } from 'node:readline';
import { openContextClient } from '../../src/cli/compose/client.js';
import { createWorld } from '../../src/cli/compose/world.js';
import { createLogger } from '../../src/runtime/index.js';
import { Seeded } from '../kill-loop/seeded.js';
import { Load } from '../recovery-drills/load.js';

const [contexts = '', seed = '1'] = process.argv.slice(2);
const world = createWorld(await createLogger({ level: 'silent' }));
const { client } = await openContextClient(world, contexts, undefined);
const load = new Load(client, new Seeded(Number(seed)));
const told = new Set<string>();
let working: { stop(): Promise<void> } | undefined;

const say = (words: object): void => {
  process.stdout.write(`${JSON.stringify(words)}\n`);
};

async function obey(line: string): Promise<void> {
  const [order = '', folder = ''] = line.split(' ');
  if (order === 'start') {
    await load.makeFolder(folder);
    working = load.start(folder);
    say({ did: 'start' });
  } else {
    await working?.stop();
    working = undefined;
    const acknowledged = [...load.acknowledged].filter((path) => !told.has(path));
    for (const path of acknowledged) told.add(path);
    say({ did: 'stop', acknowledged, asked: [...load.asked].filter((path) => !load.acknowledged.has(path)) });
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    await obey(line);
  } catch (error) {
    say({ did: 'fail', reason: error instanceof Error ? error.message : String(error) });
  }
}
client.close();

import { join } from 'node:path';
import type { CollectiveClient } from '../../src/client/index.js';
import { openLogForReading, type StoredBlock } from '../../src/events/index.js';
import type { MemberId } from '../../src/base/index.js';
import { ViewHost } from '../../src/projections/index.js';
import type { World } from '../../src/cli/compose/world.js';
import { SimKeyValueStores } from '../../test/simulation/ports/index.js';

const forever = new AbortController().signal;

/** Every path of the tree below a folder, as the coordinator lists it. */
export async function pathsBelow(client: CollectiveClient, folder: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for (let after = ''; ; ) {
    const { entries, more } = await client.files.listDirectory(folder === '' ? '/' : folder, after, forever);
    for (const { name } of entries) paths.push(`${folder}/${name}`);
    after = entries.at(-1)?.name ?? '';
    if (!more || after === '') return paths;
  }
}

export async function blocksOf(world: World, directory: string, origin: MemberId): Promise<readonly StoredBlock[]> {
  const log = await openLogForReading({ ...world, directory, origin });
  const blocks: StoredBlock[] = [];
  for await (const block of log.read({ fromSequence: 1 })) blocks.push(block);
  return blocks;
}

export const logOf = (coordinatorDirectory: string, origin: MemberId): string => join(coordinatorDirectory, 'log', origin);
export const copyOf = (nodeDirectory: string, origin: MemberId): string => join(nodeDirectory, 'witness', origin);

/** Whether one is how the other begins, byte by byte. */
export function isBeginning(short: readonly StoredBlock[], long: readonly StoredBlock[]): boolean {
  return (
    short.length <= long.length &&
    short.every((block, index) => Buffer.from(block.bytes).equals(long[index]?.bytes ?? Buffer.alloc(0)))
  );
}

/** The state hash of every view, from the blocks alone. */
export async function stateOf(
  world: World,
  origin: MemberId,
  blocks: readonly StoredBlock[],
): Promise<ReadonlyMap<string, string>> {
  const stores = new SimKeyValueStores();
  const views = await ViewHost.open(await stores.open('/replayed', 'create'), { origins: [origin], hasher: world.hasher });
  for (const { events } of blocks) {
    const applied = await views.apply(events);
    if (!applied.ok) throw new Error(`event ${applied.error.position.sequence} contradicts those before it`);
  }
  await views.flush();
  const states = new Map(views.states().map(({ name, stateHash }) => [name, stateHash]));
  await views.close();
  return states;
}

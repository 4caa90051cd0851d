import type { ChunkId, NodeId } from '../../../src/base/index.js';
import { isCollectiveError } from '../../../src/base/index.js';
import { openChunkStore } from '../../../src/chunks/index.js';
import { SimClock, SimKeyValueStores, SimTime, SimTimers } from '../ports/index.js';
import { hasher } from './fixture.js';
import { hashOf } from './contents.js';
import { STORE_PATH, type NodeHost } from './node-host.js';
import { holds } from './violation.js';
import type { World } from './world.js';

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

/** What a node has signed for is on its disk for certain, whatever its memory says; but for what faults have destroyed. */
export async function checkPromises(world: World, node: NodeHost): Promise<void> {
  const { nodeId } = node.identity;
  const promised = [...(world.history.model.promised.get(nodeId) ?? [])].filter((chunkId) => !isDoubtful(world, nodeId, chunkId));
  if (promised.length === 0) return;
  const clock = new SimClock(new SimTime());
  const { signal } = new AbortController();
  const store = await openChunkStore(
    {
      root: STORE_PATH,
      fileSystem: node.machine.disk.copy('nothing'),
      // Its index is made anew from the journal.
      keyValueStores: new SimKeyValueStores(),
      hasher,
      clock,
      timers: new SimTimers(new SimTime()),
      logger: silent,
      capacityBytes: 0,
      reserveBytes: 0,
    },
    signal,
  );
  for (const chunkId of promised) {
    const expected = world.contents.chunk(chunkId);
    holds(expected !== undefined, 'a promised chunk is one that somebody sent');
    try {
      const { bytes, release } = await store.read(world.fixture.memberId, chunkId, signal);
      holds(hashOf(bytes) === hashOf(expected), `${node.host} keeps other bytes than it signed for as ${chunkId}`);
      release();
    } catch (error) {
      if (!isCollectiveError(error)) throw error;
      holds(false, `${node.host} does not keep ${chunkId}, which it signed for: ${error.code} ${error.message}`);
    }
  }
  world.count('promised copies found on disk', promised.length);
  await store.close();
}

/** Whether a whole copy of every chunk is left somewhere. */
export const isReadable = (world: World, hash: string): boolean =>
  [...world.history.model.everyChunkOf(hash)].every((chunkId) =>
    world.nodes.some(({ identity: { nodeId } }) => hasCopy(world, nodeId, chunkId)),
  );

const hasCopy = (world: World, nodeId: NodeId, chunkId: ChunkId): boolean =>
  world.history.model.promised.get(nodeId)?.has(chunkId) === true && !isDoubtful(world, nodeId, chunkId);

const isDoubtful = (world: World, nodeId: NodeId, chunkId: ChunkId): boolean => world.doubtful.get(nodeId)?.has(chunkId) === true;

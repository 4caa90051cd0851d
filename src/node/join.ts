import { assert, CollectiveError, isCollectiveError, isNodeId, type NodeId } from '../base/index.js';
import { createChunkStore, openChunkStore } from '../chunks/index.js';
import type { OwnCredentials } from '../identity/index.js';
import { redeemInvite } from '../transport/index.js';
import type { NodeWorld } from './node-options.js';

export interface JoinOptions {
  /** The one-line secret, as it was pasted. */
  readonly invite: string;
  /** The name that is wished for; the invite's wins. */
  readonly name: string;
  /** Absolute path of an existing folder, in which the chunk store is made. */
  readonly storePath: string;
  readonly signal: AbortSignal;
  /** Keeps what was given durably: key file 0600. Called once; the invite is used up by then. */
  readonly save: (joined: JoinedNode) => Promise<void>;
}

export interface JoinedNode {
  readonly own: OwnCredentials;
  readonly nodeId: NodeId;
  readonly name: string;
  readonly memberName: string;
  readonly homeEndpoints: readonly string[];
  readonly enrolmentEndpoints: readonly string[];
}

/**
 * Makes a new node of this machine: first the store, so that a folder that cannot be used costs no invite, then key and
 * certificate. Errors: ALREADY_EXISTS for a store with chunks in it, those of `redeemInvite`, and what `save` throws.
 */
export async function joinNode(options: JoinOptions, world: NodeWorld): Promise<JoinedNode> {
  await makeStore(options, world);
  const { invite, name, signal } = options;
  const redeemed = await redeemInvite({ invite, kind: 'node', name, signal }, world);
  const { own, subjectId, memberName, homeEndpoints, enrolmentEndpoints } = redeemed;
  assert(isNodeId(subjectId), 'an invite of that kind gives a node id');
  const joined: JoinedNode = { own, nodeId: subjectId, name: redeemed.name, memberName, homeEndpoints, enrolmentEndpoints };
  await options.save(joined);
  return joined;
}

async function makeStore({ storePath, signal }: JoinOptions, world: NodeWorld): Promise<void> {
  const { fileSystem, keyValueStores } = world;
  try {
    await createChunkStore({ root: storePath, fileSystem, keyValueStores });
    return;
  } catch (error) {
    if (!isCollectiveError(error) || error.code !== 'ALREADY_EXISTS') throw error;
  }
  // Left by a join that failed later on: that one is fit for use. Chunks in it would be another node's.
  const store = await openChunkStore({ ...world, root: storePath, capacityBytes: 0 }, signal);
  const { chunks } = await store.status();
  await store.close();
  if (chunks === 0) return;
  throw new CollectiveError('ALREADY_EXISTS', `${storePath} holds ${chunks} chunks of a node already.`, {
    next: 'Start that node, or choose another folder.',
  });
}

import { assert, type ClientId, type NodeId } from '../base/index.js';
import type { Actor } from '../events/index.js';
import type { PeerIdentity } from '../identity/index.js';

/** A client as its certificate shows it: the only source of who is asking. */
export interface ClientCaller {
  readonly clientId: ClientId;
  readonly actor: Actor;
  /** SHA-256 of its public key: what tickets and receipts are bound to. */
  readonly keyHash: Uint8Array;
}

/** The transport lets only clients in where this is called. */
export function clientCaller(caller: PeerIdentity): ClientCaller {
  assert(caller.role === 'client', 'only clients call this service');
  return { clientId: caller.clientId, actor: `client/${caller.clientId}`, keyHash: caller.publicKeyHash };
}

/** The transport lets only nodes in where this is called. */
export function nodeCaller(caller: PeerIdentity): { readonly nodeId: NodeId; readonly actor: Actor } {
  assert(caller.role === 'node', 'only nodes call this service');
  return { nodeId: caller.nodeId, actor: `node/${caller.nodeId}` };
}

import { assert, type ClientId, type MemberId, type NodeId } from '../base/index.js';
import type { Actor } from '../events/index.js';
import type { PeerIdentity } from '../identity/index.js';
import type { AnonymousCall } from '../transport/index.js';

/** A client of another member, by the word of that member's coordinator. */
export interface ForeignClient {
  readonly role: 'foreign-client';
  readonly memberId: MemberId;
  readonly clientId: ClientId;
  /** What its uploads are opened under here: no client of any other member has it. */
  readonly alias: ClientId;
  /** SHA-256 of its public key. */
  readonly publicKeyHash: Uint8Array;
}

/** A call of the Files service: by a client of the own member, or for one of another's. */
export interface FilesCall extends AnonymousCall {
  readonly caller: PeerIdentity | ForeignClient;
}

/** A client as its certificate shows it: the only source of who is asking. */
export interface ClientCaller {
  readonly clientId: ClientId;
  readonly actor: Actor;
  /** SHA-256 of its public key: what tickets and receipts are bound to. */
  readonly keyHash: Uint8Array;
}

/** The transport lets only clients in where this is called. */
export function clientCaller(caller: PeerIdentity | ForeignClient): ClientCaller {
  if (caller.role === 'foreign-client') {
    const { memberId, clientId, alias, publicKeyHash } = caller;
    return { clientId: alias, actor: `member/${memberId}/client/${clientId}`, keyHash: publicKeyHash };
  }
  assert(caller.role === 'client', 'only clients call this service');
  return { clientId: caller.clientId, actor: `client/${caller.clientId}`, keyHash: caller.publicKeyHash };
}

/** The transport lets only nodes in where this is called. */
export function nodeCaller(caller: PeerIdentity): { readonly nodeId: NodeId; readonly actor: Actor } {
  assert(caller.role === 'node', 'only nodes call this service');
  return { nodeId: caller.nodeId, actor: `node/${caller.nodeId}` };
}

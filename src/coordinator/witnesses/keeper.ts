import { type CollectiveError, isMemberId, type MemberId, type NodeId } from '../../base/index.js';
import type { Head } from '../../events/index.js';
import type { Views } from '../../projections/index.js';

/** Who keeps a copy of the own log: a node, or another member's coordinator. */
export type KeeperId = NodeId | MemberId;

/** How a copy stands to the own log. */
export type Standing =
  /** Not found out yet. */
  | { readonly kind: 'unknown' }
  /** A part of it from its first event on: blocks go there. */
  | { readonly kind: 'behind' }
  /** It goes on where the own log ends. */
  | { readonly kind: 'ahead' }
  /** It has another block where the own log has one. */
  | { readonly kind: 'parted'; readonly reason: string }
  /** It takes nothing, or cannot be made out. */
  | { readonly kind: 'failing'; readonly error: CollectiveError };

/** Somebody who is here with a copy of the own log. */
export interface Keeper {
  readonly id: KeeperId;
  /** The disk that it lies on; empty: not known. */
  readonly diskId: string;
  /** By its own word; undefined: it has none. */
  readonly head: Head | undefined;
  readonly ended: AbortSignal;
  standing: Standing;
  /** It has not answered for too long; over with its next answer. */
  stalled: boolean;
  /** Last event that was sent there. */
  sentSequence: number;
  /** A page: blocks from the one that holds the event on. Errors: those of the keeper, NODE_UNREACHABLE, CANCELLED. */
  read(fromSequence: number, toSequence: number, signal: AbortSignal): Promise<readonly Uint8Array[]>;
  /** There may be something to send. */
  wake(): void;
  /** Has it begin anew, and keep what it has elsewhere. Another member cannot be told to. */
  setAside?(): void;
  close(reason: CollectiveError): void;
}

/** Newest epoch first, then longest. */
export function byHead(left: Pick<Keeper, 'head'>, right: Pick<Keeper, 'head'>): number {
  const epochs = (right.head?.epoch ?? 0) - (left.head?.epoch ?? 0);
  return epochs === 0 ? (right.head?.sequence ?? 0) - (left.head?.sequence ?? 0) : epochs;
}

/** For messages: ids of nodes and of members never look alike. */
export const describeKeeper = (id: KeeperId): string =>
  id.length > NODE_ID_CHARACTERS ? `member ${id.slice(0, 8)}` : `node ${id}`;

/** As people call it. */
export function keeperName(id: KeeperId, { nodes, peers }: Pick<Views, 'nodes' | 'peers'>): string {
  const name = isMemberId(id) ? peers.get(id)?.name : nodes.get(id)?.name;
  return name === undefined ? describeKeeper(id) : `${isMemberId(id) ? 'member' : 'node'} ${name}`;
}

const NODE_ID_CHARACTERS = 16;

import { CollectiveError } from '../../../../src/base/index.js';
import { chunkIdOf } from '../../../../src/chunks/index.js';
import type { NodeChannel, OpenNodeChannel } from '../../../../src/client/index.js';
import type { Timers } from '../../../../src/ports/index.js';
import { hasher } from '../../identity/support.js';

type Request = 'connect' | 'hold' | 'put' | 'receipt' | 'get';

/** A node that keeps chunks in memory, and misbehaves as it is told. */
export class SimulatedNode {
  readonly id: string;
  readonly name: string;
  readonly chunks = new Map<string, Uint8Array>();
  readonly receipts = new Set<string>();
  /** Whether the coordinator sees it. */
  online = true;
  /** Asked before each request; throws what the node answers instead. */
  intercept: (request: Request, chunkId: string | undefined) => void = () => undefined;
  putBytes = 0;
  puts = 0;
  gets = 0;
  inFlight = 0;
  inFlightMost = 0;

  constructor(id: string, name: string) {
    this.id = id;
    this.name = name;
  }

  flip(chunkId: string): void {
    const bytes = this.chunks.get(chunkId)?.slice();
    if (bytes === undefined) throw new Error('the node has no such chunk');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    this.chunks.set(chunkId, bytes);
  }
}

/** Dials simulated nodes. Requests take a moment of virtual time, so that they overlap. */
export function openSimulated(nodes: readonly SimulatedNode[], timers: Timers): OpenNodeChannel {
  return async (access) => {
    const node = nodes.find(({ id }) => id === access.nodeId);
    if (node === undefined) throw new CollectiveError('NODE_UNREACHABLE', 'There is no such node.');
    node.intercept('connect', undefined);
    return channelTo(node, timers);
  };
}

function channelTo(node: SimulatedNode, timers: Timers): NodeChannel {
  let usable = true;
  const during = async <Value>(
    request: Request,
    chunkId: string | undefined,
    signal: AbortSignal,
    run: () => Value,
  ): Promise<Value> => {
    node.inFlight += 1;
    node.inFlightMost = Math.max(node.inFlightMost, node.inFlight);
    try {
      await timers.sleep(1, signal);
      node.intercept(request, chunkId);
      return run();
    } catch (error) {
      if (error instanceof CollectiveError && error.code === 'NODE_UNREACHABLE') usable = false;
      throw error;
    } finally {
      node.inFlight -= 1;
    }
  };
  return {
    get usable() {
      return usable;
    },
    hold: (_right, chunks, signal) =>
      during('hold', undefined, signal, () => chunks.map(({ chunkId }) => node.chunks.has(chunkId))),
    put: (_right, chunk, bytes, signal) =>
      during('put', chunk.chunkId, signal, () => {
        if (chunkIdOf(hasher, bytes) !== chunk.chunkId) throw new CollectiveError('REQUEST_INVALID', 'These are other bytes.');
        node.puts += 1;
        node.putBytes += bytes.length;
        node.chunks.set(chunk.chunkId, bytes.slice());
      }),
    receipt: (_right, chunks, signal) =>
      during('receipt', undefined, signal, () => {
        const missing = chunks.find(({ chunkId }) => !node.chunks.has(chunkId));
        if (missing !== undefined) throw new CollectiveError('CHUNK_UNKNOWN', `${missing.chunkId} was not put.`);
        return new TextEncoder().encode(receiptText(node.id, chunks));
      }),
    get: (right, chunk, into, signal) =>
      during('get', chunk.chunkId, signal, () => {
        node.gets += 1;
        if (!right.chunks.some(({ chunkId }) => chunkId === chunk.chunkId)) {
          throw new CollectiveError('TICKET_INVALID', 'The ticket does not cover the chunk.');
        }
        const bytes = node.chunks.get(chunk.chunkId);
        if (bytes === undefined) throw new CollectiveError('CHUNK_UNKNOWN', 'The node does not have the chunk.');
        into.set(bytes);
        if (chunkIdOf(hasher, into) !== chunk.chunkId) throw new CollectiveError('CHUNK_DAMAGED', 'The bytes are others.');
      }),
    close: () => {
      usable = false;
    },
  };
}

/** Stands for a signature over the list. */
export const receiptText = (nodeId: string, chunks: readonly { readonly chunkId: string }[]): string =>
  `${nodeId} ${chunks.map(({ chunkId }) => chunkId).join(' ')}`;

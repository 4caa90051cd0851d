import { type ChunkId, LIMITS, type MemberId } from '../../base/index.js';
import type { Logger } from '../../ports/index.js';
import type { NodeAccess } from '../../transport/index.js';
import type { PeerTrust } from '../members/peer-trust.js';
import { foreignAccess } from './foreign-access.js';
import type { MemberCalls } from './member-calls.js';

export interface MemberSourcesOptions {
  readonly trust: PeerTrust;
  readonly calls: MemberCalls;
  readonly logger: Logger;
}

export interface ListedChunk {
  readonly chunkId: ChunkId;
  readonly lengthBytes: number;
}

/** Nodes of other members with a copy of a chunk, and the right to read it there. */
export interface MemberSource {
  readonly access: NodeAccess;
  /** What the ticket covers, in this order. */
  readonly chunks: readonly ListedChunk[];
}

/** Asks the members that keep copies where those are. */
export class MemberSources {
  readonly #options: MemberSourcesOptions;

  constructor(options: MemberSourcesOptions) {
    this.#options = options;
  }

  /**
   * For who has this key, in the order of the chunks (at most LIMITS.chunksPerCall for one member). Members that do not answer are
   * left out. Error: CANCELLED.
   */
  async locate(
    wanted: ReadonlyMap<MemberId, readonly ListedChunk[]>,
    clientKeyHash: Uint8Array,
    signal: AbortSignal,
  ): Promise<readonly MemberSource[]> {
    const found = await Promise.all(
      [...wanted].map(([memberId, chunks]) => this.#locateAt(memberId, chunks, clientKeyHash, signal)),
    );
    return found.flat();
  }

  async #locateAt(
    memberId: MemberId,
    chunks: readonly ListedChunk[],
    clientKeyHash: Uint8Array,
    signal: AbortSignal,
  ): Promise<readonly MemberSource[]> {
    const { calls, trust, logger } = this.#options;
    if (trust.of(memberId) === undefined) return [];
    try {
      const { locations, nodes } = await calls.call(memberId, LIMITS.memberCallMs, signal, (client, options) =>
        client.locateCopies({ clientKeyHash, chunks: [...chunks] }, options),
      );
      return nodes.map(
        (access, index): MemberSource => ({
          access: foreignAccess(memberId, access, trust),
          chunks: chunks.filter((_, at) => locations[at]?.nodes.includes(index) === true),
        }),
      );
    } catch (error) {
      if (signal.aborted) throw error;
      logger.info('a member did not say where its copies are', { memberId, chunks: chunks.length, error });
      return [];
    }
  }
}

import { type ChunkId, isChunkId, LIMITS, type NodeId, ok } from '../../base/index.js';
import { decideCopiesLost, decideCopiesWhole, decideForeignLost } from '../../domain/index.js';
import type { Logger, Timers } from '../../ports/index.js';
import type { DamagedChunk } from '../../transport/index.js';
import type { CommandLoop } from '../commands/command-loop.js';
import type { NodeRegistry } from './node-registry.js';

const VERIFY_TIMEOUT_MS = 30_000;

/**
 * Copies that are said to be bad. A node's own word becomes an event; a client's is first put to the node, which reads the chunk
 * again: so nobody can strike a good copy off the record. What a node cannot be asked now waits until it is back.
 */
export class DamageDesk {
  readonly #commands: CommandLoop;
  readonly #registry: NodeRegistry;
  readonly #timers: Timers;
  readonly #logger: Logger;
  readonly #suspected = new Map<NodeId, Set<ChunkId>>();
  #suspectedCount = 0;

  constructor(options: {
    readonly commands: CommandLoop;
    readonly registry: NodeRegistry;
    readonly timers: Timers;
    readonly logger: Logger;
  }) {
    this.#commands = options.commands;
    this.#registry = options.registry;
    this.#timers = options.timers;
    this.#logger = options.logger;
  }

  /** Copies that nobody could check yet. */
  get unchecked(): number {
    return this.#suspectedCount;
  }

  /** A client's word. Resolves when those nodes that are here have looked, and what they found is on record. */
  async suspect(copies: readonly { readonly nodeId: NodeId; readonly chunkId: ChunkId }[], signal: AbortSignal): Promise<void> {
    const nodeIds = new Set<NodeId>();
    for (const { nodeId, chunkId } of copies) {
      if (this.#suspectedCount >= LIMITS.damageReports) break;
      const chunks = this.#suspected.get(nodeId) ?? new Set<ChunkId>();
      this.#suspected.set(nodeId, chunks);
      if (!chunks.has(chunkId)) this.#suspectedCount += 1;
      chunks.add(chunkId);
      nodeIds.add(nodeId);
    }
    await Promise.all([...nodeIds].map((nodeId) => this.check(nodeId, signal)));
  }

  /** Asks a node about everything it is suspected of, if it is here. Called when it comes back, too. */
  async check(nodeId: NodeId, signal: AbortSignal): Promise<void> {
    const session = this.#registry.session(nodeId);
    const chunks = this.#suspected.get(nodeId);
    if (session === undefined || chunks === undefined) return;
    const chunkIds = [...chunks].slice(0, LIMITS.chunksPerCall);
    const deadline = new AbortController();
    const timer = this.#timers.after(VERIFY_TIMEOUT_MS, () => deadline.abort());
    try {
      const order = { $case: 'verify', value: { chunkIds } } as const;
      const reply = await session.order(order, AbortSignal.any([signal, deadline.signal]));
      if (reply.kind === 'answer' && reply.answer.failure === undefined) {
        await this.found(nodeId, reply.answer.damaged);
        this.#forget(nodeId, chunkIds);
      }
    } catch (error) {
      this.#logger.warn('a node could not check copies', { nodeId, chunks: chunkIds.length, error });
    } finally {
      timer.cancel();
    }
  }

  /** A node's word. */
  async found(nodeId: NodeId, damaged: readonly DamagedChunk[]): Promise<void> {
    for (const reason of ['damaged', 'missing'] as const) {
      const chunkIds = damaged
        .filter(({ code }) => (code === 'CHUNK_UNKNOWN') === (reason === 'missing'))
        .map(({ chunkId }) => chunkId)
        .filter(isChunkId);
      if (chunkIds.length === 0) continue;
      this.#logger.warn('copies are lost', { nodeId, reason, chunks: chunkIds.length });
      await this.#commands.submit({
        actor: `node/${nodeId}`,
        request: undefined,
        decide: (views) => {
          const own = decideCopiesLost({ nodeId, reason, chunkIds }, views.placement);
          const origins = views.foreignCopies.allTotals().flatMap(([id, { chunks }]) => (chunks > 0 ? [id] : []));
          const foreign = decideForeignLost({ origins, nodeId, reason, chunkIds }, views);
          return own.ok && foreign.ok ? ok([...own.value, ...foreign.value]) : own;
        },
        answer: () => undefined,
      });
    }
  }

  /** A node's word that copies are there after all, or again. */
  async whole(nodeId: NodeId, chunkIds: readonly ChunkId[]): Promise<void> {
    if (chunkIds.length === 0) return;
    await this.#commands.submit({
      actor: `node/${nodeId}`,
      request: undefined,
      decide: (views) => decideCopiesWhole({ nodeId, chunkIds }, views.placement),
      answer: () => undefined,
    });
  }

  #forget(nodeId: NodeId, chunkIds: readonly ChunkId[]): void {
    const chunks = this.#suspected.get(nodeId);
    for (const chunkId of chunkIds) if (chunks?.delete(chunkId) === true) this.#suspectedCount -= 1;
    if (chunks?.size === 0) this.#suspected.delete(nodeId);
  }
}

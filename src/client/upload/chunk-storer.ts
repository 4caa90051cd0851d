import { CollectiveError, LIMITS, toCollectiveError } from '../../base/index.js';
import type { Clock, Logger } from '../../ports/index.js';
import type { ChunkEntry } from '../../chunks/index.js';
import type { NodeAccess, Receipt } from '../../transport/index.js';
import type { NodeRight } from '../nodes/node-channel.js';
import type { FilesCalls } from '../calls/files-calls.js';
import type { Retry } from '../calls/retry.js';
import type { NodePool } from '../nodes/node-pool.js';
import type { LoadedChunk } from './chunk-group.js';

export interface ChunkStorerOptions {
  readonly calls: FilesCalls;
  readonly pool: NodePool;
  readonly retry: Retry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly uploadId: string;
  readonly copies: number;
  /** Enough for now where there are no more to be had. */
  readonly minimumCopies: number;
  /** How long to go on while nodes fail. */
  readonly patienceMs: number;
}

export interface StoredChunks {
  /** They cover every chunk. */
  readonly receipts: readonly Receipt[];
  /** Of those chunks that no copy had to be sent of. */
  readonly knownBytes: number;
}

/** A chunk on its way to its holders. */
interface Task {
  readonly chunk: LoadedChunk;
  /** Receipts by node: only what a node has signed counts. */
  readonly receipts: Map<string, Receipt>;
  copiesSent: number;
}

interface NodeTask {
  readonly task: Task;
  readonly mayBeHeld: boolean;
}

/** What a node answered instead of storing. */
interface Failure {
  readonly nodeId: string;
  readonly error: CollectiveError;
}

interface Target {
  readonly access: NodeAccess;
  readonly right: NodeRight;
}

/** How long a node that failed is passed over: twice as long each time. */
const AVOID_MIN_MS = 10_000;
const AVOID_MAX_MS = 5 * 60_000;
/** Answers that waiting does not change: only another node, or a person, can help. */
const REFUSAL_CODES: ReadonlySet<string> = new Set(['NODE_FULL', 'NODE_READ_ONLY']);
/** Failures that say nothing against the node: a new ticket is all it takes. */
const TICKET_CODES: ReadonlySet<string> = new Set(['TICKET_EXPIRED', 'TICKET_INVALID']);

/** Brings chunks to as many nodes as the upload wants copies, whatever single nodes do meanwhile. */
export class ChunkStorer {
  readonly #options: ChunkStorerOptions;
  readonly #avoided = new Map<string, { readonly untilMs: number; readonly failures: number }>();
  /** Every copy counts. */
  sentBytes = 0;
  /** Of chunks that no copy had to be sent of. */
  knownBytes = 0;
  /** Of the chunk that has the fewest; undefined before there is one. */
  fewestCopies: number | undefined;

  constructor(options: ChunkStorerOptions) {
    this.#options = options;
  }

  /**
   * Receipts that cover every chunk with as many nodes as copies are wanted, or with fewer where those are enough. At most LIMITS.chunksPerCall chunks. Errors: those of
   * PlaceChunks, and the last failure of a node: at once where nodes refused and there are no others, else when patience is over.
   */
  async store(chunks: readonly LoadedChunk[], signal: AbortSignal): Promise<StoredChunks> {
    const { copies, minimumCopies, retry, clock, patienceMs } = this.#options;
    const tasks = chunks.map((chunk): Task => ({ chunk, receipts: new Map(), copiesSent: 0 }));
    const beginMs = clock.monotonicMs();
    const refusedBy = new Set<string>();
    let onlyRefused = true;
    let failure: CollectiveError | undefined;
    for (let attempt = 0; ; attempt += 1) {
      const missing = tasks.filter(({ receipts }) => receipts.size < copies);
      const enough = (): boolean => tasks.every(({ receipts }) => receipts.size >= minimumCopies);
      if (missing.length === 0) return this.#finished(tasks);
      if (attempt > 0) {
        if (clock.monotonicMs() - beginMs >= patienceMs)
          throw failure ?? new CollectiveError('UNAVAILABLE', 'No node took the chunks.');
        await retry.pause(attempt - 1, signal);
      }
      let failures: readonly Failure[];
      try {
        failures = await this.#round(missing, signal);
      } catch (thrown) {
        const error = toCollectiveError(thrown);
        if (enough() && SCARCITY_CODES.has(error.code)) return this.#finished(tasks);
        // Nodes that were there a moment ago may be on their way back, but for those that refused.
        const hopeless = attempt === 0 || (onlyRefused && refusedBy.size > 0);
        if (hopeless || !SCARCITY_CODES.has(error.code)) throw error;
        failure ??= error;
        continue;
      }
      // Who failed once is tried once more: one copy too few stays so until somebody makes it.
      if (enough() && (failures.length === 0 || attempt > 0)) return this.#finished(tasks);
      failure = failures.at(-1)?.error;
      const refusals = failures.filter(({ error }) => REFUSAL_CODES.has(error.code));
      if (refusals.length < failures.length) onlyRefused = false;
      else if (onlyRefused && failure !== undefined && refusals.every(({ nodeId }) => refusedBy.has(nodeId))) throw failure;
      for (const { nodeId } of refusals) refusedBy.add(nodeId);
    }
  }

  /** Returns how nodes failed, at most once each. */
  async #round(tasks: readonly Task[], signal: AbortSignal): Promise<readonly Failure[]> {
    const { calls, uploadId } = this.#options;
    const { placements, nodes } = await calls.placeChunks(
      { uploadId, chunks: tasks.map(({ chunk }) => entryOf(chunk)), avoidNodeIds: this.#toAvoid() },
      signal,
    );
    const work = new Map<NodeAccess, NodeTask[]>();
    tasks.forEach((task, index) => {
      const placement = placements[index];
      for (const position of placement?.nodes ?? []) {
        const access = nodes[position];
        if (access === undefined || task.receipts.has(access.nodeId)) continue;
        const list = work.get(access) ?? [];
        list.push({ task, mayBeHeld: placement?.heldBy.includes(position) ?? false });
        work.set(access, list);
      }
    });
    const { minimumCopies } = this.#options;
    if (work.size === 0 && tasks.every(({ receipts }) => receipts.size >= minimumCopies)) return [];
    if (work.size === 0) throw new CollectiveError('PROTOCOL_ERROR', 'The coordinator named no node to send the chunks to.');
    const outcomes = await Promise.all([...work].map(([access, list]) => this.#storeOn(access, list, signal)));
    const failures = outcomes.filter((outcome) => outcome !== undefined);
    const cancelled = failures.find(({ error }) => error.code === 'CANCELLED');
    if (cancelled !== undefined) throw cancelled.error;
    return failures;
  }

  /** Returns why some of the chunks are not there. */
  async #storeOn(access: NodeAccess, list: readonly NodeTask[], signal: AbortSignal): Promise<Failure | undefined> {
    const target: Target = { access, right: { ticket: access.ticket, chunks: [] } };
    try {
      const held = await this.#held(target, list, signal);
      const missing = list.filter(({ task }) => !held.has(task));
      const puts = await Promise.allSettled(missing.map(({ task }) => this.#put(target, task, signal)));
      const failed = new Set(missing.filter((_, index) => puts[index]?.status === 'rejected').map(({ task }) => task));
      const stored = list.map(({ task }) => task).filter((task) => !failed.has(task));
      if (stored.length > 0) await this.#sign(target, stored, signal);
      const refused = puts.find((outcome) => outcome.status === 'rejected');
      if (refused === undefined) {
        this.#avoided.delete(access.nodeId);
        return undefined;
      }
      return this.#failure(access, refused.reason);
    } catch (thrown) {
      return this.#failure(access, thrown);
    }
  }

  async #held({ access, right }: Target, list: readonly NodeTask[], signal: AbortSignal): Promise<ReadonlySet<Task>> {
    const asked = list.filter(({ mayBeHeld }) => mayBeHeld).map(({ task }) => task);
    if (asked.length === 0) return new Set();
    const refs = asked.map(({ chunk }) => entryOf(chunk));
    const answers = await this.#options.pool.use(access, 0, signal, (channel) => channel.hold(right, refs, signal));
    return new Set(asked.filter((_, index) => answers[index] === true));
  }

  async #put({ access, right }: Target, task: Task, signal: AbortSignal): Promise<void> {
    const { chunkId, lengthBytes, lease } = task.chunk;
    await this.#options.pool.use(access, lengthBytes, signal, (channel) =>
      channel.put(right, { chunkId, lengthBytes }, lease.bytes, signal),
    );
    this.sentBytes += lengthBytes;
    task.copiesSent += 1;
  }

  async #sign({ access, right }: Target, tasks: readonly Task[], signal: AbortSignal): Promise<void> {
    const chunks = tasks.map(({ chunk }) => entryOf(chunk));
    const signedReceipt = await this.#options.pool.use(access, 0, signal, (channel) => channel.receipt(right, chunks, signal));
    const receipt: Receipt = { nodeId: access.nodeId, signedReceipt, chunks, memberId: access.memberId };
    for (const task of tasks) task.receipts.set(access.nodeId, receipt);
  }

  #finished(tasks: readonly Task[]): StoredChunks {
    const known = tasks.filter(({ copiesSent }) => copiesSent === 0);
    const knownBytes = known.reduce((sum, { chunk }) => sum + chunk.lengthBytes, 0);
    this.knownBytes += knownBytes;
    for (const { receipts } of tasks) this.fewestCopies = Math.min(this.fewestCopies ?? receipts.size, receipts.size);
    return { receipts: [...new Set(tasks.flatMap(({ receipts }) => [...receipts.values()]))], knownBytes };
  }

  #failure({ name, nodeId }: NodeAccess, thrown: unknown): Failure {
    const error = toCollectiveError(thrown);
    if (error.code === 'CANCELLED') return { nodeId, error };
    const { logger, clock } = this.#options;
    logger.info('a node did not take chunks', { node: name, nodeId, error });
    if (!TICKET_CODES.has(error.code)) {
      const failures = this.#avoided.get(nodeId)?.failures ?? 0;
      const avoidMs = Math.min(AVOID_MAX_MS, AVOID_MIN_MS * 2 ** Math.min(failures, 10));
      this.#avoided.set(nodeId, { untilMs: clock.monotonicMs() + avoidMs, failures: failures + 1 });
    }
    return { nodeId, error: naming(name, error) };
  }

  #toAvoid(): readonly string[] {
    const nowMs = this.#options.clock.monotonicMs();
    const avoided = [...this.#avoided].filter(([, { untilMs }]) => untilMs > nowMs);
    return avoided.map(([nodeId]) => nodeId).slice(0, LIMITS.copiesMax);
  }
}

const SCARCITY_CODES: ReadonlySet<string> = new Set(['NOT_ENOUGH_NODES', 'NOT_ENOUGH_SPACE', 'NODE_FULL', 'NODE_UNREACHABLE']);

/** The error, with the node that it came from. */
function naming(node: string, error: CollectiveError): CollectiveError {
  const { code, message, next, details } = error;
  return new CollectiveError(code, `${node}: ${message}`, {
    ...(next === undefined ? {} : { next }),
    details: { ...details, node },
    cause: error,
  });
}

const entryOf = ({ chunkId, lengthBytes }: LoadedChunk): ChunkEntry => ({ chunkId, lengthBytes });

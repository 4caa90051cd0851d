import { CollectiveError, LIMITS, toCollectiveError } from '../../base/index.js';
import type { Clock, Logger } from '../../ports/index.js';
import type { FilesCalls } from '../calls/files-calls.js';
import type { Retry } from '../calls/retry.js';
import type { NodePool } from '../nodes/node-pool.js';
import type { DamageReporter } from './damage-reporter.js';
import { sourcesOf, type ChunkSource, type PlacedChunk } from './read-page.js';

export interface ChunkFetcherOptions {
  readonly calls: FilesCalls;
  readonly pool: NodePool;
  readonly retry: Retry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly damage: DamageReporter;
  /** How long to go on while no holder can be reached. */
  readonly patienceMs: number;
  /** Told when it begins to wait. */
  readonly onWaiting?: ((wait: ChunkWait) => void) | undefined;
}

/** A chunk that cannot be had just now; it is tried until the time is over. */
export interface ChunkWait {
  readonly path: string;
  /** Nodes that have a copy and did not give it. */
  readonly nodes: readonly string[];
  /** Members that keep a copy, and are away. */
  readonly members: readonly string[];
  readonly untilMonotonicMs: number;
}

/** Failures that will be the same at the next try: the copy itself is bad or gone. */
const BAD_COPY: ReadonlySet<string> = new Set(['CHUNK_DAMAGED', 'CHUNK_UNKNOWN']);

/** The coordinator's last word on who asks. */
const NOT_ALLOWED: ReadonlySet<string> = new Set([
  'CERTIFICATE_REVOKED',
  'CERTIFICATE_INVALID',
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
]);

/** Gets chunks from whoever has a whole copy. */
export class ChunkFetcher {
  readonly #options: ChunkFetcherOptions;

  constructor(options: ChunkFetcherOptions) {
    this.#options = options;
  }

  /** Fills `into`, as long as the chunk, with bytes that match its id. Errors: CHUNK_UNAVAILABLE, CANCELLED, and NOT_ALLOWED. */
  async fetch(
    file: { readonly path: string; readonly version: number; readonly fileId?: string | undefined },
    placed: PlacedChunk,
    into: Uint8Array,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, retry, patienceMs, onWaiting } = this.#options;
    const problems = new Map<string, CollectiveError>();
    const beginMs = clock.monotonicMs();
    let current = placed;
    for (let attempt = 0; ; attempt += 1) {
      for (const source of this.#inOrder(current.sources)) {
        const problem = await this.#tryOne(file.path, source, current, into, signal);
        if (problem === undefined) return;
        problems.set(source.access.name, problem);
      }
      const hopeless = onlyBad(problems) && current.sources.every(({ access }) => problems.has(access.name));
      const over = clock.monotonicMs() - beginMs >= patienceMs;
      if ((hopeless && attempt > 0) || (current.outOfReach && onlyGone(problems)) || over)
        throw unavailable(file.path, current, problems);
      if (!hopeless && attempt > 0) {
        const { path } = file;
        const untilMonotonicMs = beginMs + patienceMs;
        onWaiting?.({ path, nodes: [...problems.keys()], members: current.awayNames, untilMonotonicMs });
        await retry.pause(attempt, signal);
      }
      // Tickets end, nodes come back, and the coordinator may know of other copies by now.
      current = (await this.#ask(file, current, signal)) ?? current;
    }
  }

  /** Those that can be reached first, then the less busy ones, then as the coordinator says. */
  #inOrder(sources: readonly ChunkSource[]): readonly ChunkSource[] {
    const { pool } = this.#options;
    const rank = ({ access }: ChunkSource): number => (pool.isDown(access) ? Number.MAX_SAFE_INTEGER : pool.load(access));
    return sources
      .map((source) => ({ source, rank: rank(source) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ source }) => source);
  }

  async #tryOne(
    path: string,
    source: ChunkSource,
    placed: PlacedChunk,
    into: Uint8Array,
    signal: AbortSignal,
  ): Promise<CollectiveError | undefined> {
    const { access, right } = source;
    const { chunk } = placed;
    try {
      await this.#options.pool.use(access, chunk.lengthBytes, signal, (channel) => channel.get(right, chunk, into, signal));
      return undefined;
    } catch (thrown) {
      const error = toCollectiveError(thrown);
      if (signal.aborted) throw error;
      const { damage, logger } = this.#options;
      logger.info('a node did not give a chunk', { node: access.name, nodeId: access.nodeId, chunkId: chunk.chunkId, error });
      if (BAD_COPY.has(error.code)) {
        const { nodeId, memberId } = access;
        damage.report({ chunkId: chunk.chunkId, nodeId, memberId, code: error.code, path });
      }
      return error;
    }
  }

  /** The same chunk with new tickets; undefined if the coordinator cannot be asked just now. */
  async #ask(
    file: { readonly path: string; readonly version: number; readonly fileId?: string | undefined },
    { chunk, offsetBytes }: PlacedChunk,
    signal: AbortSignal,
  ): Promise<PlacedChunk | undefined> {
    const { path, version, fileId } = file;
    const which = fileId === undefined ? { path, version } : { path, version, fileId, deletedToo: true };
    const target = { ...which, offsetBytes, lengthBytes: chunk.lengthBytes };
    try {
      for await (const page of this.#options.calls.readFiles([target], signal, true)) {
        const extent = page.extents.find(
          (candidate) => candidate.offsetBytes === offsetBytes && candidate.chunkId === chunk.chunkId,
        );
        if (extent !== undefined) return sourcesOf(page)(extent);
      }
    } catch (thrown) {
      const error = toCollectiveError(thrown);
      // Whoever may not ask any more is told that, and not what it leads to.
      if (signal.aborted || NOT_ALLOWED.has(error.code)) throw error;
      this.#options.logger.info('could not ask for the holders of a chunk', { chunkId: chunk.chunkId, error });
    }
    return undefined;
  }
}

/** Nobody is there and merely busy. */
const onlyGone = (problems: ReadonlyMap<string, CollectiveError>): boolean =>
  [...problems.values()].every(({ code }) => code === 'NODE_UNREACHABLE' || BAD_COPY.has(code));

/** Nobody was merely away or busy. */
const onlyBad = (problems: ReadonlyMap<string, CollectiveError>): boolean =>
  [...problems.values()].every(({ code }) => BAD_COPY.has(code));

const isAre = (names: readonly string[]): string => (names.length === 1 ? 'is' : 'are');

function nextOf(problems: ReadonlyMap<string, CollectiveError>, { awayNames, refusingNames }: PlacedChunk): string {
  const ways: string[] = [];
  if (!onlyBad(problems)) ways.push('start the nodes named here (collective node list)');
  if (awayNames.length > 0) ways.push(`read it once ${awayNames.join(', ')} ${isAre(awayNames)} back (collective peer list)`);
  if (refusingNames.length > 0) ways.push(`talk with the people of ${refusingNames.join(', ')} (collective peer list)`);
  if (ways.length === 0) return 'Put the original again if you have it: damaged chunks are stored anew.';
  const text = ways.join('; or ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function unavailable(path: string, placed: PlacedChunk, problems: ReadonlyMap<string, CollectiveError>): CollectiveError {
  const { chunk, offsetBytes, holderNames, awayNames, refusingNames } = placed;
  const tried = [...problems].map(([node, { code, message }]) => `${node}: ${message} (${code})`);
  const names = [...new Set([...problems.keys(), ...holderNames])];
  const others = names.filter((name) => !problems.has(name));
  if (others.length > 0) tried.push(`${others.join(', ')}: found damaged or missing before.`);
  if (awayNames.length > 0) tried.push(`${awayNames.join(', ')}: away, with a copy.`);
  if (refusingNames.length > 0) tried.push(`${refusingNames.join(', ')}: not letting you in, with a copy.`);
  const why = tried.length > 0 ? tried.join(' ') : 'None is on record.';
  return new CollectiveError(
    'CHUNK_UNAVAILABLE',
    `${path} cannot be read at byte ${offsetBytes}: no whole copy of chunk ${chunk.chunkId} could be had. ${why}`,
    {
      next: nextOf(problems, placed),
      details: {
        path,
        chunk: chunk.chunkId,
        offsetBytes,
        nodes: names.slice(0, LIMITS.copiesMax),
        away: awayNames,
        refusing: refusingNames,
      },
    },
  );
}

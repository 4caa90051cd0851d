import { type ChunkId, isChunkId, LIMITS, type MemberId, type NodeId, toCollectiveError } from '../../base/index.js';
import {
  countsAsHolder,
  decideAcceptForeign,
  type Decision,
  decideForeignLost,
  decideMoveForeign,
  decideReleaseForeign,
} from '../../domain/index.js';
import type { EventLog, StoredBlock } from '../../events/index.js';
import type { Clock, Logger, Timers } from '../../ports/index.js';
import type { ForeignChunkRow, ViewHost, Views } from '../../projections/index.js';
import type { FetchSource } from '../../transport/index.js';
import type { CommandLoop } from '../commands/command-loop.js';
import type { TicketOffices } from '../files/tickets.js';
import type { PeerTrust } from '../members/peer-trust.js';
import type { KeptFetching, SourcesFor } from './kept-fetching.js';
import type { MemberCalls } from './member-calls.js';
import type { ListedChunk } from './member-sources.js';
import { toldSources } from './told-sources.js';

export interface KeptMenderOptions {
  readonly own: MemberId;
  readonly log: Pick<EventLog, 'onCommitted'>;
  readonly views: ViewHost;
  readonly commands: CommandLoop;
  readonly fetching: KeptFetching;
  readonly calls: MemberCalls;
  readonly trust: PeerTrust;
  /** Whether its coordinator can be asked now, as far as is known. */
  readonly isHere: (memberId: MemberId) => boolean;
  readonly ticketsFor: TicketOffices;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

type KeptRow = ListedChunk & Pick<ForeignChunkRow, 'holders'>;

interface GoneNode {
  readonly nodeId: NodeId;
  readonly name: string;
  readonly endpoints: readonly string[];
  /** Of its revocation: it has heard of none from there on. */
  readonly revokedAt: number;
}

/** Until when something is let be, and how often it was tried. */
interface Wait {
  readonly untilMs: number;
  readonly tries: number;
}

/** Views follow the log at once, and are behind it when a block is told of. */
const VIEWS_FOLLOW_MS = 50;

/**
 * Keeps what was promised to other members: what lies at an own node that is gone is brought to another one, from there, from its
 * owner or from others who keep it; what was lost is fetched again. Nobody else's log has a part in it. What cannot be had is put on
 * record as lost, which its owner reads, and is tried again later. All of it starts from the record: a restart loses nothing.
 */
export class KeptMender {
  readonly #options: KeptMenderOptions;
  readonly #gone = new Map<NodeId, Wait>();
  readonly #lost = new Map<MemberId, Wait>();

  constructor(options: KeptMenderOptions) {
    this.#options = options;
  }

  /** Until the signal; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, timers, logger } = this.#options;
    let wake: () => void = () => undefined;
    let told = false;
    const forget = log.onCommitted((block) => {
      if (!takesCopies(block)) return;
      this.#lost.clear();
      told = true;
      wake();
    });
    try {
      while (!signal.aborted) {
        told = false;
        try {
          await this.#leaveGoneNodes(signal);
          await this.#fetchLost(signal);
        } catch (error) {
          if (signal.aborted) return;
          logger.warn('copies that are kept for others could not be looked after', { error: toCollectiveError(error) });
        }
        const woken = new AbortController();
        wake = () => woken.abort();
        const waitMs = told ? VIEWS_FOLLOW_MS : LIMITS.keptMendMinMs;
        // It rejects when it is woken or this is stopped: both are looked at.
        await timers.sleep(waitMs, told ? signal : AbortSignal.any([signal, woken.signal])).catch(() => undefined);
        // As above.
        if (woken.signal.aborted) await timers.sleep(VIEWS_FOLLOW_MS, signal).catch(() => undefined);
      }
    } finally {
      forget();
    }
  }

  async #leaveGoneNodes(signal: AbortSignal): Promise<void> {
    const { views, clock, logger } = this.#options;
    const gone = await views.run(goneNodes);
    for (const id of this.#gone.keys()) if (!gone.some(({ nodeId }) => nodeId === id)) this.#gone.delete(id);
    for (const node of gone) {
      const { untilMs, tries } = this.#gone.get(node.nodeId) ?? { untilMs: 0, tries: 0 };
      if (untilMs > clock.monotonicMs()) continue;
      const last = tries + 1 >= LIMITS.keptMoveTries;
      let left = 0;
      for (const origin of await this.#origins()) left += await this.#leave(node, origin, last, signal);
      this.#gone.set(node.nodeId, { untilMs: clock.monotonicMs() + LIMITS.keptMendMinMs, tries: tries + 1 });
      if (left === 0) logger.info('nothing that is kept for others lies at a node that is gone', { nodeId: node.nodeId });
      else logger.warn('copies kept for others lie at a node that is gone', { nodeId: node.nodeId, chunks: left, last });
    }
  }

  /** How many could not be brought elsewhere; `last`: those are lost then. */
  async #leave(node: GoneNode, origin: MemberId, last: boolean, signal: AbortSignal): Promise<number> {
    const { nodeId } = node;
    let left = 0;
    let answers = node.endpoints.length > 0;
    for await (const rows of this.#pages(origin, ({ holders }) => holders.includes(nodeId), signal)) {
      const counting = await this.#options.views.run(
        (all) =>
          new Set(
            all.nodes
              .all()
              .filter(([id]) => countsAsHolder(id, all))
              .map(([id]) => id),
          ),
      );
      const missing = new Set(rows);
      const twice = rows.filter(({ holders }) => holders.some((id) => counting.has(id)));
      for (const row of twice) missing.delete(row);
      if (answers) {
        const got = await this.#move(node, origin, [...missing], this.#from(node, origin), signal);
        answers = got.size > 0 || missing.size === 0;
        for (const row of missing) if (got.has(row.chunkId)) missing.delete(row);
      }
      if (missing.size > 0) {
        const got = await this.#move(node, origin, [...missing], this.#fromOwner(origin), signal);
        for (const row of missing) if (got.has(row.chunkId)) missing.delete(row);
      }
      left += missing.size;
      const given = [...twice, ...(last ? missing : [])].map(({ chunkId }) => chunkId);
      await this.#submit(given, (chunkIds, views) =>
        decideForeignLost({ origins: [origin], nodeId, reason: 'forfeited', chunkIds }, views),
      );
    }
    return left;
  }

  async #move(
    { nodeId: fromNodeId }: GoneNode,
    origin: MemberId,
    rows: readonly KeptRow[],
    sources: SourcesFor,
    signal: AbortSignal,
  ): Promise<ReadonlySet<ChunkId>> {
    const moved = new Set<ChunkId>();
    for await (const { nodeId: toNodeId, chunks } of this.#options.fetching.fetch(origin, rows, sources, signal)) {
      const ids = chunks.map(({ chunkId }) => chunkId);
      await this.#submit(ids, (chunkIds, views) => decideMoveForeign({ origin, fromNodeId, toNodeId, chunkIds }, views));
      for (const id of ids) moved.add(id);
    }
    return moved;
  }

  async #fetchLost(signal: AbortSignal): Promise<void> {
    const { views, clock, isHere, logger } = this.#options;
    const lacking = await views.run(({ foreignCopies, peers }) =>
      foreignCopies
        .allTotals()
        .filter(([id, { lostChunks }]) => lostChunks > 0 && peers.get(id)?.state === 'admitted')
        .map(([id]) => id),
    );
    for (const origin of lacking) {
      // Once it is back, nothing is waited for.
      if (!isHere(origin)) this.#lost.delete(origin);
      const { untilMs, tries } = this.#lost.get(origin) ?? { untilMs: 0, tries: 0 };
      if (!isHere(origin) || untilMs > clock.monotonicMs()) continue;
      const waitMs = Math.min(LIMITS.keptMendMaxMs, LIMITS.keptMendMinMs * 2 ** Math.min(tries, 10));
      this.#lost.set(origin, { untilMs: clock.monotonicMs() + waitMs, tries: tries + 1 });
      let fetched = 0;
      for await (const rows of this.#pages(origin, ({ holders }) => holders.length === 0, signal)) {
        const sources = this.#fromOwner(origin);
        for await (const { nodeId, uploadId, chunks } of this.#options.fetching.fetch(origin, rows, sources, signal)) {
          const receipted = new Map(
            chunks.map(({ chunkId, lengthBytes }) => [chunkId, { lengthBytes, nodeIds: new Set([nodeId]) }] as const),
          );
          await this.#submit([...receipted.keys()], (_, all) => decideAcceptForeign({ origin, uploadId, receipted }, all));
          fetched += chunks.length;
        }
      }
      if (fetched > 0) logger.info('what was lost of another member is kept again', { origin, chunks: fetched });
    }
  }

  /** The gone node itself, which may still be running: what it gives is held against the chunk's id. */
  #from({ nodeId, name, endpoints, revokedAt }: GoneNode, origin: MemberId): SourcesFor {
    const tickets = this.#options.ticketsFor(origin, false, Math.max(0, revokedAt - 1));
    return async (list, clientKeyHash): Promise<readonly FetchSource[]> => {
      const chunks = list.map(({ chunkId, lengthBytes }) => ({ chunkId, lengthBytes }));
      const ticket = tickets.read({ nodeId, clientKeyHash, chunks });
      return [{ chunks, access: { nodeId, name, endpoints: [...endpoints], ...ticket } }];
    };
  }

  /** What its owner names. What that does not want any more is not kept for it: there is nothing of it here to keep. */
  #fromOwner(origin: MemberId): SourcesFor {
    const { calls, isHere } = this.#options;
    return async (list, nodeKeyHash, signal) => {
      if (!isHere(origin)) return [];
      const chunks = list.map(({ chunkId, lengthBytes }) => ({ chunkId, lengthBytes }));
      const { sources, unwantedChunkIds } = await calls.call(origin, LIMITS.memberCallMs, signal, (client, options) =>
        client.offerSources({ nodeKeyHash, chunks }, options),
      );
      await this.#submit(unwantedChunkIds.filter(isChunkId), (chunkIds, views) => {
        views.foreignCopies.need(origin, chunkIds);
        const lost = chunkIds.filter((id) => views.foreignCopies.get(origin, id)?.holders.length === 0);
        return decideReleaseForeign({ origin, chunkIds: lost }, views);
      });
      return toldSources(origin, sources, this.#options);
    };
  }

  #origins(): Promise<readonly MemberId[]> {
    return this.#options.views.run(({ foreignCopies }) =>
      foreignCopies.allTotals().flatMap(([id, { chunks }]) => (chunks > 0 ? [id] : [])),
    );
  }

  async *#pages(
    origin: MemberId,
    wanted: (row: ForeignChunkRow) => boolean,
    signal: AbortSignal,
  ): AsyncGenerator<readonly KeptRow[]> {
    let after: ChunkId | undefined;
    for (;;) {
      signal.throwIfAborted();
      const from = after;
      const { rows, more } = await this.#options.views.run(({ foreignCopies }) =>
        foreignCopies.page(origin, from, LIMITS.chunksPerCall),
      );
      const found = rows.filter(([, row]) => wanted(row));
      if (found.length > 0) {
        yield found.map(([[, chunkId], { lengthBytes, holders }]) => ({ chunkId, lengthBytes, holders }));
      }
      after = rows.at(-1)?.[0][1];
      if (!more || after === undefined) return;
    }
  }

  async #submit(chunkIds: readonly ChunkId[], decide: (chunkIds: readonly ChunkId[], views: Views) => Decision): Promise<void> {
    if (chunkIds.length === 0) return;
    await this.#options.commands.submit({
      actor: 'coordinator',
      request: undefined,
      decide: (views) => decide(chunkIds, views),
      answer: () => undefined,
    });
  }
}

const takesCopies = ({ events }: StoredBlock): boolean =>
  events.some(
    ({ envelope: { type } }) => type === 'CertificateRevoked' || type === 'NodeDecommissioned' || type === 'ForeignCopiesLost',
  );

function goneNodes(views: Views): readonly GoneNode[] {
  return views.nodes.all().flatMap(([nodeId, { name, endpoints }]): GoneNode[] => {
    if (countsAsHolder(nodeId, views) || views.foreignCopies.node(nodeId).chunks === 0) return [];
    return [{ nodeId, name, endpoints, revokedAt: views.certificates.revocation('node', nodeId)?.sequence ?? 0 }];
  });
}

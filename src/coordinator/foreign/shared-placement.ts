import { accept, type ChunkId, LIMITS, type MemberId, type NodeId, toCollectiveError, type UploadId } from '../../base/index.js';
import {
  type MemberCandidate,
  type MemberReach,
  planSpread,
  type SharedChunk,
  type SpreadPlan,
  type Unusable,
  unreached,
} from '../../domain/index.js';
import type { Clock, Timers } from '../../ports/index.js';
import type { NodeRow } from '../../projections/index.js';
import type { NodeAccess } from '../../transport/index.js';
import type { PlacementOffice } from '../files/placement-office.js';
import type { PeerTrust } from '../members/peer-trust.js';
import { foreignAccess } from './foreign-access.js';
import type { MemberCalls } from './member-calls.js';
import { type PledgeSources, pledgesToUs } from './pledges-to-us.js';
import type { Releases } from './releases.js';

export interface SharedPlacementOptions extends PledgeSources {
  readonly placement: PlacementOffice;
  readonly trust: PeerTrust;
  readonly calls: MemberCalls;
  readonly releases: Releases;
  readonly reachOf: (memberId: MemberId) => MemberReach;
  readonly clock: Clock;
  readonly timers: Timers;
}

interface AskedChunk {
  readonly chunkId: ChunkId;
  readonly lengthBytes: number;
}

export interface SharedRequest {
  readonly uploadId: UploadId;
  /** SHA-256 of the key that is to put the chunks. */
  readonly clientKeyHash: Uint8Array;
  /** Who puts must send every byte. */
  readonly sentOnly: boolean;
  readonly chunks: readonly AskedChunk[];
  readonly copies: number;
  readonly minimumCopies: number;
  readonly avoid: ReadonlySet<NodeId>;
  readonly signal: AbortSignal;
}

/** What a member grants for one chunk. */
interface Granted {
  readonly memberId: MemberId;
  readonly access: NodeAccess;
  /** Believed to be held there already. */
  readonly held: boolean;
}

export interface SharedPlan extends Pick<SpreadPlan, 'nodeIds' | 'held'> {
  readonly granted: readonly Granted[];
}

export interface SharedPlaces {
  readonly plans: readonly SharedPlan[];
  readonly nodes: ReadonlyMap<NodeId, NodeRow>;
}

/** What a member said of its pledge when it was asked last. */
interface LiveRoom {
  /** Where the log says another number by now, the rest is of another time. */
  readonly pledgedBytes: number;
  readonly leftBytes: number;
  readonly untilMs: number;
}

const LIVE_ROOM_MS = 10_000;

/**
 * Chooses own nodes and other members for chunks, and has those members name nodes of theirs. A member that refuses, or does not
 * answer, is planned around. Errors: NOT_ENOUGH_NODES, NOT_ENOUGH_SPACE, CANCELLED.
 */
export class SharedPlacement {
  readonly #options: SharedPlacementOptions;
  readonly #live = new Map<MemberId, LiveRoom>();

  constructor(options: SharedPlacementOptions) {
    this.#options = options;
  }

  async place(request: SharedRequest): Promise<SharedPlaces> {
    const { placement, views } = this.#options;
    const { chunks, copies, minimumCopies, avoid, signal } = request;
    const { candidates, unusable, nodes } = await placement.usable(1, signal);
    const onRecord = await views.run((all) => {
      all.placement.need(chunks.map(({ chunkId }) => chunkId));
      return chunks.map(({ chunkId }) => all.placement.chunk(chunkId));
    });
    const { members, away } = await this.candidates();
    const granted = chunks.map((): Granted[] => []);
    const refusedBy = chunks.map((): MemberId[] => []);
    // Each round ends with a plan that is granted, or with one more refusal of a member; in the last ones nobody new is asked.
    for (let round = 0; ; round += 1) {
      const present = members.filter(({ memberId }) => this.#mayAsk(memberId));
      const plans = accept(
        planSpread({
          chunks: chunks.map(
            (chunk, index): SharedChunk => ({
              ...chunk,
              holders: onRecord[index]?.holders ?? [],
              members: [...(onRecord[index]?.members ?? []), ...(granted[index] ?? []).map(({ memberId }) => memberId)],
              refusedBy: refusedBy[index] ?? [],
            }),
          ),
          copies,
          minimumCopies,
          candidates,
          members: present,
          unusable: [...unusable, ...away, ...members.filter((each) => !present.includes(each)).map(this.#unreached)],
          avoid,
          ownNeeded: request.sentOnly,
        }),
      );
      const questions = new Map<MemberId, number[]>();
      plans.forEach(({ memberIds }, index) => {
        for (const memberId of memberIds) {
          if (granted[index]?.some((grant) => grant.memberId === memberId) === true) continue;
          questions.set(memberId, [...(questions.get(memberId) ?? []), index]);
        }
      });
      if (questions.size === 0) return { nodes, plans: plans.map((plan, index) => planned(plan, granted[index] ?? [])) };
      await Promise.all(
        [...questions].map(async ([memberId, indexes]) => {
          const grants = round > members.length ? undefined : await this.#ask(memberId, indexes, request);
          indexes.forEach((index, at) => {
            const grant = grants?.[at];
            if (grant === undefined) refusedBy[index]?.push(memberId);
            else granted[index]?.push(grant);
          });
        }),
      );
    }
  }

  /** Members with room in their pledges, and those that have pledged and do not answer. */
  async candidates(): Promise<{ readonly members: readonly MemberCandidate[]; readonly away: readonly Unusable[] }> {
    const { trust, clock } = this.#options;
    const pledges = await pledgesToUs(this.#options, trust);
    const away = pledges.filter(({ memberId }) => !this.#mayAsk(memberId)).map(this.#unreached);
    const members = pledges
      .filter(({ memberId }) => this.#mayAsk(memberId))
      .map(({ memberId, name, pledge }): MemberCandidate => {
        const live = this.#live.get(memberId);
        const byLog = pledge.pledgedBytes - pledge.usedBytes;
        const fresh = live !== undefined && live.untilMs > clock.monotonicMs() && live.pledgedBytes === pledge.pledgedBytes;
        const known = fresh ? Math.min(byLog, live.leftBytes) : byLog;
        return { memberId, name, freeBytes: Math.max(0, known) };
      });
    return { members, away };
  }

  /** One without a session is found out about by asking it. */
  #mayAsk(memberId: MemberId): boolean {
    const { calls, reachOf } = this.#options;
    return !calls.isAway(memberId) && reachOf(memberId) !== 'not-admitted';
  }

  readonly #unreached = ({ memberId, name }: Pick<MemberCandidate, 'memberId' | 'name'>): Unusable =>
    unreached(name, this.#options.reachOf(memberId));

  /** What it grants of these chunks, in their order; undefined: it cannot be asked. */
  async #ask(
    memberId: MemberId,
    indexes: readonly number[],
    request: SharedRequest,
  ): Promise<readonly (Granted | undefined)[] | undefined> {
    const { calls, trust, releases, clock, timers } = this.#options;
    const { uploadId, clientKeyHash, sentOnly, avoid, signal } = request;
    const chunks = indexes.map((index) => request.chunks[index]).filter((chunk) => chunk !== undefined);
    const asked = { uploadId, clientKeyHash, sentOnly, chunks, avoidNodeIds: [...avoid] };
    try {
      if (!(await releases.isOver(memberId, signal, { timers, timeoutMs: LIMITS.memberCallMs }))) {
        signal.throwIfAborted();
        return undefined;
      }
      const answer = await calls.call(memberId, LIMITS.memberCallMs, signal, (client, options) =>
        client.placeCopies(asked, options),
      );
      const leftBytes = answer.pledgedBytes - answer.usedBytes - answer.reservedBytes;
      this.#live.set(memberId, { pledgedBytes: answer.pledgedBytes, leftBytes, untilMs: clock.monotonicMs() + LIVE_ROOM_MS });
      return chunks.map((_, at) => {
        const { node, held = false } = answer.placements[at] ?? {};
        const access = node === undefined ? undefined : answer.nodes[node];
        return access === undefined ? undefined : { memberId, held, access: foreignAccess(memberId, access, trust) };
      });
    } catch (thrown) {
      if (signal.aborted) throw toCollectiveError(thrown);
      // Its refusal is planned around like its absence; the client hears of it where nobody else can serve.
      return undefined;
    }
  }
}

function planned({ nodeIds, held, memberIds }: SpreadPlan, granted: readonly Granted[]): SharedPlan {
  return { nodeIds, held, granted: granted.filter(({ memberId }) => memberIds.includes(memberId)) };
}

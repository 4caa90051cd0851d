import { type ChunkId, CollectiveError, fail, formatSize, type NodeId, ok, type Result } from '../base/index.js';

/** A node that could take chunks now: it is online, its store is ready, and it may be used. */
export interface Candidate {
  readonly nodeId: NodeId;
  readonly name: string;
  /** Empty: the node is a failure domain of its own. */
  readonly failureDomain: string;
  readonly freeBytes: number;
  /** It takes no new chunks, but can promise to keep those that it holds; `freeBytes` is 0. */
  readonly full?: boolean;
}

/** A node that cannot take chunks now, and why, in a word or two: `full` where all that it lacks is room. */
export interface Unusable {
  readonly name: string;
  readonly why: string;
}

export interface PlannedChunk {
  readonly chunkId: ChunkId;
  readonly lengthBytes: number;
  /** Nodes on record as holding it for this origin. */
  readonly holders: readonly NodeId[];
}

export interface ChunkPlan {
  /** As many as copies were asked for, or at least as fewer as are enough; those that hold the chunk already first. */
  readonly nodeIds: readonly NodeId[];
  /** How many of them hold it already. */
  readonly held: number;
}

/**
 * Chooses distinct holders for each chunk: those that hold it already (unless the client could not use them), then other failure domains before the same one, then by
 * weighted rendezvous hashing (Schindelhauer and Schomaker 2005: the highest of -weight / ln(hash) wins), weighted with free
 * space, so that the choice is even and stays when other nodes come and go. Space that this plan uses is taken into account.
 * Errors: NOT_ENOUGH_NODES, NOT_ENOUGH_SPACE; both name what is missing.
 */
export function planPlacement(request: {
  readonly chunks: readonly PlannedChunk[];
  readonly copies: number;
  /** So many are enough for now where there are no more to be had; at most `copies`. Default: all of them. */
  readonly minimumCopies?: number;
  readonly candidates: readonly Candidate[];
  readonly unusable: readonly Unusable[];
  /** Not chosen while others can serve, or fewer copies are enough. */
  readonly avoid: ReadonlySet<NodeId>;
}): Result<readonly ChunkPlan[], CollectiveError> {
  const { copies, minimumCopies = copies, candidates, avoid } = request;
  if (candidates.length < minimumCopies) return tooFewNodes(minimumCopies, candidates, request.unusable);
  const free = new Map(candidates.map((candidate) => [candidate.nodeId, candidate.freeBytes]));
  const plans: ChunkPlan[] = [];
  for (const chunk of request.chunks) {
    const holds = ({ nodeId }: Candidate): boolean => chunk.holders.includes(nodeId);
    const chosen = candidates.filter((each) => holds(each) && !avoid.has(each.nodeId)).slice(0, copies);
    const ranked = rank(
      chunk,
      candidates.filter((candidate) => !chosen.includes(candidate)),
      free,
    );
    while (chosen.length < copies) {
      const next = best(ranked, chosen, avoid);
      const enough = chosen.length >= minimumCopies;
      if (enough && (next === undefined || avoid.has(next.nodeId))) break;
      if (next === undefined) return tooLittleSpace(chunk.lengthBytes, minimumCopies, candidates, free);
      ranked.splice(ranked.indexOf(next), 1);
      chosen.push(next);
      if (!holds(next)) free.set(next.nodeId, (free.get(next.nodeId) ?? 0) - chunk.lengthBytes);
    }
    const holding = chosen.filter(holds);
    const others = chosen.filter((each) => !holds(each));
    plans.push({ nodeIds: [...holding, ...others].map(({ nodeId }) => nodeId), held: holding.length });
  }
  return ok(plans);
}

/** Those with room or with the chunk itself, the preferred one first. */
function rank(chunk: PlannedChunk, candidates: readonly Candidate[], free: ReadonlyMap<NodeId, number>): Candidate[] {
  return candidates
    .filter(({ nodeId }) => chunk.holders.includes(nodeId) || (free.get(nodeId) ?? 0) >= chunk.lengthBytes)
    .map((candidate) => {
      const holds = chunk.holders.includes(candidate.nodeId);
      return { candidate, score: holds ? Number.POSITIVE_INFINITY : score(chunk.chunkId, candidate) };
    })
    .sort((left, right) => (left.score === right.score ? 0 : right.score - left.score))
    .map(({ candidate }) => candidate);
}

function best(ranked: readonly Candidate[], chosen: readonly Candidate[], avoid: ReadonlySet<NodeId>): Candidate | undefined {
  const domains = new Set(chosen.map(domainOf));
  const elsewhere = (candidate: Candidate): boolean => !domains.has(domainOf(candidate));
  const wanted = (candidate: Candidate): boolean => !avoid.has(candidate.nodeId);
  return ranked.find((each) => wanted(each) && elsewhere(each)) ?? ranked.find(wanted) ?? ranked.find(elsewhere) ?? ranked[0];
}

const domainOf = (candidate: Candidate): string => candidate.failureDomain || candidate.nodeId;

function score(chunkId: ChunkId, candidate: Candidate): number {
  // Strictly between 0 and 1, so that the logarithm is finite and negative.
  const unit = (hash32(`${chunkId}${candidate.nodeId}`) + 0.5) / 0x1_0000_0000;
  return -candidate.freeBytes / Math.log(unit);
}

/** FNV-1a with a final mix (of MurmurHash3): even enough for choosing, and the same everywhere. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const MAKE_ROOM = "Raise a node's capacity or make room on its disk, or add a node with: collective node invite";

const copiesWord = (count: number): string => (count === 1 ? '1 copy' : `${count} copies`);

const nodesWord = (count: number): string => (count === 1 ? '1 node' : `${count} nodes`);

function tooFewNodes(
  copies: number,
  candidates: readonly Candidate[],
  unusable: readonly Unusable[],
): Result<never, CollectiveError> {
  const names = candidates.map(({ name }) => name).join(', ');
  const others = unusable.map(({ name, why }) => `${name} is ${why}`).join(', ');
  const message =
    `${copiesWord(copies)} ${copies === 1 ? 'needs' : 'need'} ${nodesWord(copies)}, and ${nodesWord(candidates.length)} can take chunks now` +
    `${names === '' ? '' : ` (${names})`}${others === '' ? '' : `; ${others}`}.`;
  const full = unusable.filter(({ why }) => why === 'full');
  if (candidates.length + full.length >= copies) {
    const fullNames = full.map(({ name }) => `${name} is full`).join(', ');
    return fail(
      new CollectiveError('NOT_ENOUGH_SPACE', `There is no room for ${copiesWord(copies)}: ${fullNames}.`, {
        next: MAKE_ROOM,
        details: { copies },
      }),
    );
  }
  return fail(
    new CollectiveError('NOT_ENOUGH_NODES', message, {
      next:
        unusable.length > 0
          ? 'Run: collective node list, and bring those nodes back; or ask for fewer copies with --copies.'
          : 'Add nodes with: collective node invite; or ask for fewer copies with --copies.',
      details: { copies, usable: candidates.length },
    }),
  );
}

function tooLittleSpace(
  bytes: number,
  copies: number,
  candidates: readonly Candidate[],
  free: ReadonlyMap<NodeId, number>,
): Result<never, CollectiveError> {
  const left = candidates.map(({ name, nodeId, full }) => {
    return full === true ? `${name} is full` : `${name} has ${formatSize(Math.max(0, free.get(nodeId) ?? 0))} left`;
  });
  return fail(
    new CollectiveError(
      'NOT_ENOUGH_SPACE',
      `There is no room for ${copiesWord(copies)} of ${formatSize(bytes)}: ${left.join(', ')}.`,
      {
        next: MAKE_ROOM,
        details: { copies },
      },
    ),
  );
}

/**
 * The most bytes of which so many copies fit: no node takes a byte twice, and all together take all copies. It is the greatest
 * size for which the sum of what each node can take of it is `copies` times as much.
 */
export function roomFor(copies: number, candidates: readonly Candidate[]): number {
  const free = candidates.map(({ freeBytes }) => Math.max(0, freeBytes)).sort((left, right) => right - left);
  if (copies < 1 || free.length < copies) return 0;
  // Nodes larger than the result take all of it: as many of the largest as there may be are set aside, one by one.
  for (let large = 0; large < copies; large += 1) {
    const rest = free.slice(large).reduce((sum, bytes) => sum + bytes, 0);
    const share = Math.floor(rest / (copies - large));
    if (large + 1 >= copies || share >= (free[large] ?? 0)) return Math.min(share, Number.MAX_SAFE_INTEGER);
  }
  return 0;
}

/**
 * Whether so many copies of so many bytes, the fewest that are enough, would fit at all: with `copies` distinct nodes for each byte, no node can take more than
 * the whole, and all together must take all copies. Errors: NOT_ENOUGH_NODES, NOT_ENOUGH_SPACE.
 */
export function checkRoom(
  request: { readonly bytes: number; readonly copies: number },
  candidates: readonly Candidate[],
  unusable: readonly Unusable[],
): Result<undefined, CollectiveError> {
  const { bytes, copies } = request;
  if (candidates.length < copies) return tooFewNodes(copies, candidates, unusable);
  const room = candidates.reduce((sum, { freeBytes }) => sum + Math.min(freeBytes, bytes), 0);
  if (room >= bytes * copies) return ok(undefined);
  const free = new Map(candidates.map((candidate) => [candidate.nodeId, candidate.freeBytes]));
  return tooLittleSpace(bytes, copies, candidates, free);
}

import { CollectiveError, fail, formatSize, type NodeId, ok, type Result } from '../base/index.js';
import { copiesWord } from './copies-word.js';
import { type Candidate, holds, NodeChoice, type PlannedChunk, type Unusable } from './node-choice.js';

/** A holder, as far as only its room counts. */
export type Room = Pick<Candidate, 'name' | 'freeBytes' | 'full'>;

export interface ChunkPlan {
  /** As many as copies were asked for, or at least as fewer as are enough; those that hold the chunk already first. */
  readonly nodeIds: readonly NodeId[];
  /** How many of them hold it already. */
  readonly held: number;
}

/**
 * Chooses distinct nodes for each chunk, as `NodeChoice` does. Errors: NOT_ENOUGH_NODES, NOT_ENOUGH_SPACE; both name what is
 * missing.
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
  const choice = new NodeChoice(candidates, avoid);
  const plans: ChunkPlan[] = [];
  for (const chunk of request.chunks) {
    const chosen: Candidate[] = [];
    choice.add(chunk, chosen, { wanted: copies, needed: minimumCopies });
    if (chosen.length < minimumCopies) {
      const left = candidates.map((each) => ({ ...each, freeBytes: choice.freeBytes(each.nodeId) }));
      return tooLittleSpace(chunk.lengthBytes, minimumCopies, left);
    }
    plans.push(chunkPlanOf(chunk, chosen));
  }
  return ok(plans);
}

/** Those that hold it already first. */
export function chunkPlanOf(chunk: PlannedChunk, chosen: readonly Candidate[]): ChunkPlan {
  const holding = chosen.filter((each) => holds(chunk, each));
  const others = chosen.filter((each) => !holds(chunk, each));
  return { nodeIds: [...holding, ...others].map(({ nodeId }) => nodeId), held: holding.length };
}

const MAKE_ROOM = "Raise a node's capacity or make room on its disk, or add a node with: collective node invite";

const nodesWord = (count: number): string => (count === 1 ? '1 node' : `${count} nodes`);

function tooFewNodes(copies: number, candidates: readonly Room[], unusable: readonly Unusable[]): Result<never, CollectiveError> {
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

function tooLittleSpace(bytes: number, copies: number, candidates: readonly Room[]): Result<never, CollectiveError> {
  const left = candidates.map(({ name, freeBytes, full }) => {
    return full === true ? `${name} is full` : `${name} has ${formatSize(freeBytes)} left`;
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
export function roomFor(copies: number, candidates: readonly Pick<Room, 'freeBytes'>[]): number {
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
  candidates: readonly Room[],
  unusable: readonly Unusable[],
): Result<undefined, CollectiveError> {
  const { bytes, copies } = request;
  if (candidates.length < copies) return tooFewNodes(copies, candidates, unusable);
  if (hasRoom(request, candidates)) return ok(undefined);
  return tooLittleSpace(bytes, copies, candidates);
}

/** No holder takes more than the whole, and all together take all copies. */
export function hasRoom(
  { bytes, copies }: { readonly bytes: number; readonly copies: number },
  candidates: readonly Pick<Room, 'freeBytes'>[],
): boolean {
  const room = candidates.reduce((sum, { freeBytes }) => sum + Math.min(Math.max(0, freeBytes), bytes), 0);
  return room >= bytes * copies;
}

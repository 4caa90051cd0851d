import { CollectiveError, formatDuration, LIMITS } from '../../base/index.js';
import type { Quorum } from './quorum.js';
import { describeKeeper, type Keeper, type KeeperId } from './keeper.js';

/** Not enough have answered yet. */
export function notCertain(quorum: Quorum, links: ReadonlyMap<KeeperId, Keeper>): CollectiveError {
  if (quorum.answersNeeded === 0) return nodesAsked();
  const here = quorum.rule.keepers.filter((id) => links.has(id)).length;
  return new CollectiveError(
    'LOG_READ_ONLY',
    `Nothing can be changed yet: ${quorum.answersNeeded} of ${quorum.rule.keepers.length} witnesses have to say how far the log goes; here: ${here}.`,
    {
      next: 'Start those that keep the log (collective witness list). If they are lost: collective coordinator start --assert-latest',
      details: { here, needed: quorum.answersNeeded },
    },
  );
}

/** The log may be from before its first witnesses were named. */
const nodesAsked = (): CollectiveError =>
  new CollectiveError(
    'LOG_READ_ONLY',
    'Nothing can be changed yet: this log does not say who keeps it, so all nodes and other members are asked whether they hold more of it.',
    {
      next: `Start them, or wait: nobody is waited for longer than ${formatDuration(LIMITS.nodesAskedMs)}.`,
    },
  );

/** Too few can be reached. */
export const tooFew = (here: number, required: number): CollectiveError =>
  new CollectiveError(
    'WITNESSES_UNREACHABLE',
    `Nothing can be changed now: ${required === 1 ? '1 witness has' : `${required} witnesses have`} to keep the log; within reach: ${here}.`,
    {
      next: 'Start those that keep the log: collective witness list. If they are lost for good: collective witness set <nodes or members> --lost',
      details: { here, required },
    },
  );

/** What signs next is not here. */
export const keyMissing = (): CollectiveError =>
  new CollectiveError('LOG_READ_ONLY', 'The log goes on with a newer log key than the one in the folder of the coordinator.', {
    next: 'Put back the newest keys; or stop the coordinator, and: collective coordinator new-epoch',
  });

/** A node has what this log has not. */
export const forked = ({ id, standing, head }: Keeper): CollectiveError =>
  new CollectiveError(
    'LOG_READ_ONLY',
    standing.kind === 'ahead'
      ? `The copy of the log at ${describeKeeper(id)} goes up to event ${head?.sequence ?? 0}, further than this disk.`
      : `The copy of the log at ${describeKeeper(id)} has gone another way: ${standing.kind === 'parted' ? standing.reason : ''}.`,
    {
      next:
        standing.kind === 'ahead'
          ? 'Restart the coordinator: it takes over what is there.'
          : 'Two coordinators may have run with this log: stop the other one. To go on with this one: collective coordinator new-epoch',
      details: { keeper: id },
    },
  );

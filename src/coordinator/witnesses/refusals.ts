import { CollectiveError, formatDuration, LIMITS } from '../../base/index.js';
import type { EventLog } from '../../events/index.js';
import type { Quorum } from './quorum.js';
import { byHead, describeKeeper, type Keeper, type KeeperId } from './keeper.js';

/** Who is here with a copy of the log, how far that of this disk goes, and what they are called. */
export interface AskedFor {
  readonly links: ReadonlyMap<KeeperId, Keeper>;
  readonly log: Pick<EventLog, 'head'>;
  readonly names: ReadonlyMap<KeeperId, string>;
}

/** What can be done where a copy holds other blocks than this disk, signed with the same key. */
export const GONE_ANOTHER_WAY =
  'Two coordinators may have run with this log: stop the other one. If this folder is an old backup, what the others hold is the newer: move it away, and: collective recover --help. To go on with this one all the same: collective coordinator new-epoch';

/** Not enough have answered yet. */
export function notCertain(quorum: Quorum, { links, log, names }: AskedFor): CollectiveError {
  if (quorum.answersNeeded === 0) return nodesAsked();
  const here = quorum.rule.keepers.filter((id) => links.has(id)).length;
  const asked = `Nothing can be changed yet: ${quorum.answersNeeded} of ${quorum.rule.keepers.length} witnesses have to say how far the log goes; here: ${here}.`;
  const details = { here, needed: quorum.answersNeeded };
  const [longest] = [...links.values()].filter(({ standing }) => standing.kind === 'ahead').sort(byHead);
  if (longest?.head === undefined) {
    return new CollectiveError('LOG_READ_ONLY', asked, {
      next: 'Start those that keep the log (collective witness list). If they are lost for good, and this folder is no old backup: collective coordinator start --assert-latest',
      details,
    });
  }
  const { sequence } = longest.head;
  const who = names.get(longest.id) ?? describeKeeper(longest.id);
  return new CollectiveError(
    'LOG_READ_ONLY',
    `${asked} This disk holds an old copy of the log, up to event ${log.head.sequence}; ${who} has it up to event ${sequence}.`,
    {
      next: `Start those that keep the log (collective witness list): what is missing is then taken over by itself. Only if they are lost for good: collective coordinator start --assert-latest, while ${who} is there, which gives back what it has`,
      details: { ...details, keeper: longest.id, sequence },
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
export function tooFew(
  here: number,
  { required, rule }: Pick<Quorum, 'required' | 'rule'>,
  { links, names }: Pick<AskedFor, 'links' | 'names'>,
): CollectiveError {
  const away = rule.keepers.filter((id) => links.get(id)?.standing.kind !== 'behind').map((id) => names.get(id));
  const known = away.filter((name) => name !== undefined);
  const who = known.length === 0 ? '' : `; not here: ${known.slice(0, LIMITS.witnesses).join(', ')}`;
  const others = [...links.values()].filter(({ id, standing }) => standing.kind === 'behind' && !rule.keepers.includes(id));
  // Labels have no spaces: `member bob`.
  const inTheirPlace = others.map(({ id }) => names.get(id)?.split(' ')[1] ?? id).slice(0, LIMITS.witnesses);
  return new CollectiveError(
    'WITNESSES_UNREACHABLE',
    `Nothing can be changed now: ${required === 1 ? '1 witness has' : `${required} witnesses have`} to keep the log; within reach: ${here}${who}.`,
    {
      next: `Start those that keep the log: collective witness list. If they are lost for good: collective witness set ${inTheirPlace.join(' ') || '--automatic'} --lost`,
      details: { here, required },
    },
  );
}

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
      next: standing.kind === 'ahead' ? 'Restart the coordinator: it takes over what is there.' : GONE_ANOTHER_WAY,
      details: { keeper: id },
    },
  );

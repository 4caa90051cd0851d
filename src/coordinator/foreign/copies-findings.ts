import { counted, formatSize } from '../../base/index.js';
import type { Views } from '../../projections/index.js';
import type { Finding } from '../../transport/index.js';

/** What people should know of copies with other members, and of theirs here. */
export function copiesFindings({ peers, usage, foreignCopies }: Views): readonly Finding[] {
  return peers.all().flatMap(([memberId, { name, state }]): readonly Finding[] => {
    const { lostCopies, forfeitedCopies } = usage.member(memberId);
    const { chunks, bytes, lostChunks } = foreignCopies.totals(memberId);
    return [
      ...(lostCopies > 0 && state !== 'removed' ? [lostThere(name, lostCopies)] : []),
      ...(forfeitedCopies > 0 ? [forfeitedThere(name, forfeitedCopies)] : []),
      ...(lostChunks > 0 && state === 'admitted' ? [lostHere(name, lostChunks)] : []),
      ...(chunks > 0 && state === 'removed' ? [keptForRemoved(name, chunks, bytes)] : []),
    ];
  });
}

const copiesOf = (count: number): string => counted(count, 'copy', 'copies');
const was = (count: number): string => (count === 1 ? 'was' : 'were');

const lostThere = (name: string, copies: number): Finding => ({
  code: 'member-lost-copies',
  severity: 'warning',
  message: `${copiesOf(copies)} of your chunks ${was(copies)} lost by ${name}.`,
  next: `${name} fetches them again by itself where it has room and another copy can be reached; else put the files again: collective find / --under-protected`,
});

const forfeitedThere = (name: string, copies: number): Finding => ({
  code: 'forfeited-with-member',
  severity: 'notice',
  message: `${copiesOf(copies)} of your chunks ${was(copies)} with ${name}, who was removed, and ${copies === 1 ? 'does' : 'do'} not count any more.`,
  next: 'Put the files that have too few copies now again; see which: collective find / --under-protected',
});

const lostHere = (name: string, chunks: number): Finding => ({
  code: 'lost-of-member',
  severity: 'warning',
  message: `${counted(chunks, 'chunk')} that you keep for ${name} ${was(chunks)} lost here; ${name} has been told.`,
  next: 'It is fetched again by itself once a node here has room and another copy can be reached: collective node list, collective peer list',
});

const keptForRemoved = (name: string, chunks: number, bytes: number): Finding => ({
  code: 'kept-for-removed',
  severity: 'notice',
  message: `${counted(chunks, 'chunk')} (${formatSize(bytes)}) of ${name}, who was removed, are kept here still; ${name} cannot reach them.`,
  next: `They may be the only copies. Once ${name} does not need them: collective pledge release ${name}`,
});

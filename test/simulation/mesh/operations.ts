import { type ErrorCode, isCollectiveError } from '../../../src/base/index.js';
import type { SeededRandom } from '../ports/index.js';
import { describe, holds, Violation } from '../system/violation.js';
import type { MemberClient } from './member-host.js';
import type { World } from './world.js';

const MODIFIED = { seconds: 1_900_000_000, nanoseconds: 0 };

/** Codes that no fault explains: one program does not understand the other, or contradicts itself. */
const NEVER: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['INTERNAL', 'PROTOCOL_ERROR', 'REQUEST_CONFLICT', 'REQUEST_INVALID']);

/** Makes folders with names that nobody else uses, and now and then moves or removes one of its own. */
export function startOperation(
  world: World,
  person: MemberClient,
  random: SeededRandom,
  label: string,
  onAnswer: () => void,
): void {
  const { client, signal } = person.open();
  const { process, host } = person.machine;
  const { memberId } = person.founded;
  const count = random.pick([1, 1, 1, 3, 8, 40]);
  const paths = Array.from({ length: count }, (_, index) => `/${label}-${index}`);
  world.count('operations');
  world.trace.add(host, `makes ${count} folders ${label}`);
  const act = async (): Promise<void> => {
    const made = await client.makeDirectories(paths, { mode: 0o755, modified: MODIFIED, parents: false }, signal);
    if (person.machine.process !== process) return;
    world.ledger.readOne(memberId, memberId);
    for (const { id } of made) world.ledger.acknowledged(memberId, sequenceOf(id));
    world.count('events acknowledged', made.length);
    const after = random.pick(['move', 'remove', 'nothing', 'nothing'] as const);
    if (after === 'move') await client.move([`/${label}-0`], `/${label}-moved`, { replace: false }, signal);
    if (after === 'remove') await client.remove(`/${label}-0`, true, signal);
  };
  const finish = async (): Promise<void> => {
    try {
      await act();
      if (person.machine.process !== process) return;
      world.count('operations done');
      world.trace.add(host, `has made ${label}`);
    } catch (error) {
      if (error instanceof Violation) throw error;
      if (person.machine.process !== process) return;
      holds(isCollectiveError(error), `not an error of ours: ${describe(error)}`);
      holds(!NEVER.has(error.code), `${error.code} is never an answer: ${describe(error)}`);
      world.count(`refused ${error.code}`);
      world.trace.add(host, `${error.code}: ${label}`);
    }
    if (person.machine.process === process) person.end();
    onAnswer();
  };
  finish().catch((error: unknown) => world.fail(error));
}

/** A thing's id is the position of its creation. */
function sequenceOf(fileId: string): number {
  const sequence = Number(fileId.split('-').at(-1));
  holds(Number.isSafeInteger(sequence) && sequence > 0, `${fileId} is the id of something that was made`);
  return sequence;
}

import {
  CollectiveError,
  fail,
  formatDuration,
  formatSize,
  isMemberId,
  LIMITS,
  type MemberId,
  ok,
  type Result,
} from '../../base/index.js';
import { Allowances } from '../../domain/index.js';
import type { CollectiveEvent } from '../../events/index.js';
import type { Clock } from '../../ports/index.js';
import type { Command } from './command-loop.js';

const DAY_MS = 24 * 3600 * 1000;
/** What an event takes beside its payload, about. */
const ENVELOPE_BYTES = 200;

/**
 * What calls of other members may add to the own log: whoever may keep copies here, or write into a folder, could otherwise let it
 * grow for as long as it likes, and with it the copies of everybody else.
 */
export class MemberBudgets {
  readonly #clock: Clock;
  readonly #allowances = new Allowances({ most: LIMITS.memberLogBytesADay, periodMs: DAY_MS });
  /** When each was refused last. */
  readonly #refusedMs = new Map<MemberId, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The same command within the budget of the member whose call it is. What is decided again is charged once. Error: LIMIT_EXCEEDED. */
  readonly bound = <Answer>(command: Command<Answer>): Command<Answer> => {
    const memberId = memberOf(command.actor);
    if (memberId === undefined) return command;
    let charged = 0;
    return {
      ...command,
      decide: (views, context) => {
        this.#allowances.giveBack(memberId, charged, this.#clock.monotonicMs());
        charged = 0;
        const decided = command.decide(views, context);
        if (!decided.ok) return decided;
        const cost = decided.value.reduce((sum, event) => sum + bytesOfEvent(event), 0);
        const taken = this.#take(memberId, cost);
        if (!taken.ok) return taken;
        charged = cost;
        return decided;
      },
    };
  };

  /** Who was refused within the last day. */
  refused(): readonly MemberId[] {
    const nowMs = this.#clock.monotonicMs();
    for (const [memberId, atMs] of this.#refusedMs) if (nowMs - atMs > DAY_MS) this.#refusedMs.delete(memberId);
    return [...this.#refusedMs.keys()];
  }

  #take(memberId: MemberId, bytes: number): Result<undefined, CollectiveError> {
    const nowMs = this.#clock.monotonicMs();
    if (bytes === 0 || this.#allowances.take(memberId, bytes, nowMs)) return ok(undefined);
    this.#refusedMs.set(memberId, nowMs);
    const waitMs = Math.ceil(this.#allowances.waitMs(memberId, bytes, nowMs));
    const most = formatSize(LIMITS.memberLogBytesADay);
    return fail(
      new CollectiveError(
        'LIMIT_EXCEEDED',
        `What one other member changes here may add ${most} to the log in a day, and that is used up.`,
        {
          next: `Go on in ${formatDuration(waitMs)}.`,
          details: { memberId, waitMs },
        },
      ),
    );
  }
}

function memberOf(actor: string): MemberId | undefined {
  const [kind, memberId = ''] = actor.split('/', 2);
  return kind === 'member' && isMemberId(memberId) ? memberId : undefined;
}

const bytesOfEvent = (event: CollectiveEvent): number => ENVELOPE_BYTES + bytesOfValue(event);

function bytesOfValue(value: unknown): number {
  if (typeof value === 'string') return value.length + 1;
  if (value instanceof Uint8Array) return value.length + 2;
  if (typeof value !== 'object' || value === null) return 4;
  return Object.values(value).reduce((sum: number, each: unknown) => sum + bytesOfValue(each), 1);
}

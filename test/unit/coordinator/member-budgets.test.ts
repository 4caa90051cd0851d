import { describe, expect, it } from 'vitest';
import { type ChunkId, LIMITS, ok, ROOT_FILE_ID } from '../../../src/base/index.js';
import { type Command, CommandLoop } from '../../../src/coordinator/commands/command-loop.js';
import type { Actor, CollectiveEvent } from '../../../src/events/index.js';
import { ViewHost } from '../../../src/projections/index.js';
import { SeededRandom, SimFileSystem, SimKeyValueStores, SimTime, SimTimers } from '../../simulation/ports/index.js';
import { hasher, originOf } from '../../support/events.js';
import { foundedLog } from '../../support/logs.js';
import { AT } from '../projections/support.js';

const BOB = originOf(2);
const CAROL = originOf(3);
const DAY_MS = 24 * 3600 * 1000;

async function world() {
  const log = await foundedLog(new SimFileSystem({ random: new SeededRandom(1) }), '');
  const store = await new SimKeyValueStores(new SeededRandom(1)).open('/views', 'create');
  const views = await ViewHost.open(store, { origins: [originOf(1)], hasher });
  for await (const { events } of log.read({ fromSequence: 1 })) expect((await views.apply(events)).ok).toBe(true);
  const clock = { ms: 0, nowMs: () => 1_800_000_000_000 + clock.ms, monotonicMs: () => clock.ms };
  const commands = new CommandLoop({ log, views, clock, timers: new SimTimers(new SimTime()) });
  return { log, clock, commands };
}

const directory = (name: string): CollectiveEvent => ({
  type: 'DirectoryCreated',
  parentId: ROOT_FILE_ID,
  name,
  mode: 0o755,
  modified: AT,
});
const released = (chunks: number): CollectiveEvent => ({
  type: 'ForeignCopiesReleased',
  origin: BOB,
  chunkIds: Array.from({ length: chunks }, () => 'c'.repeat(66) as ChunkId),
});

describe('what calls of other members add to the own log', () => {
  it('is bounded for each in a day, says when it goes on, and does not touch others or what the coordinator does itself', async () => {
    const { clock, commands } = await world();
    const asked = (actor: Actor, event: CollectiveEvent) => commands.budgets.bound(submitting(actor, event)).decide(...UNUSED);
    const large = released(512);
    const most = Math.ceil(LIMITS.memberLogBytesADay / (512 * 33));
    let refusedAt = 0;
    for (let round = 0; round < most + 10 && refusedAt === 0; round += 1) {
      const outcome = asked(`member/${BOB}/coordinator`, large);
      if (!outcome.ok) {
        expect(outcome.error).toMatchObject({ code: 'LIMIT_EXCEEDED' });
        expect(outcome.error.next).toMatch(/^Go on in /);
        refusedAt = round;
      }
    }
    expect(refusedAt).toBeGreaterThan(most / 3);
    expect(commands.budgets.refused()).toEqual([BOB]);
    await expect(
      commands.submit(submitting(`member/${BOB}/client/${'c'.repeat(26)}` as Actor, released(512))),
    ).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    await commands.submit(submitting(`member/${CAROL}/coordinator`, directory('of carol')));
    await commands.submit(submitting('coordinator', directory('own')));
    clock.ms += DAY_MS;
    await commands.submit(submitting(`member/${BOB}/coordinator`, directory('of bob')));
    clock.ms += 1;
    expect(commands.budgets.refused()).toEqual([]);
    await commands.stop();
  });

  it('is charged once for a command that is decided again', async () => {
    const { commands } = await world();
    const command = commands.budgets.bound(submitting(`member/${BOB}/coordinator`, released(512)));
    for (let round = 0; round < 10_000; round += 1) expect(command.decide(...UNUSED).ok).toBe(true);
    expect(commands.budgets.refused()).toEqual([]);
  });
});

/** What these decisions do not look at. */
const UNUSED: Parameters<Command<void>['decide']> = [Object.create(null), Object.create(null)];

const submitting = (actor: Actor, ...events: readonly CollectiveEvent[]) => ({
  actor,
  request: undefined,
  decide: () => ok(events),
  answer: () => undefined,
});

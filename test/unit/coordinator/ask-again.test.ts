import { expect, test } from 'vitest';
import { LIMITS, type RequestId, ROOT_FILE_ID, ok } from '../../../src/base/index.js';
import { CommandLoop } from '../../../src/coordinator/commands/command-loop.js';
import { Settling } from '../../../src/coordinator/witnesses/settling.js';
import { ViewHost } from '../../../src/projections/index.js';
import { SeededRandom, SimFileSystem, SimKeyValueStores, SimTime, SimTimers } from '../../simulation/ports/index.js';
import { hasher, originOf } from '../../support/events.js';
import { foundedLog, StillClock } from '../../support/logs.js';
import { AT } from '../projections/support.js';

test('a command that was refused with WITNESSES_UNREACHABLE gets its first answer when it is asked again', async () => {
  const log = await foundedLog(new SimFileSystem({ random: new SeededRandom(1) }), '');
  const store = await new SimKeyValueStores(new SeededRandom(1)).open('/views', 'create');
  const views = await ViewHost.open(store, { origins: [originOf(1)], hasher });
  for await (const { events } of log.read({ fromSequence: 1 })) expect((await views.apply(events)).ok).toBe(true);

  const time = new SimTime();
  const timers = new SimTimers(time);
  const settling = new Settling(timers, () => undefined);
  let heldUpTo = log.head.sequence;
  const commands = new CommandLoop({
    log,
    views,
    clock: new StillClock(),
    timers,
    gate: {
      refusal: undefined,
      onChange: () => undefined,
      isSettled: (sequence) => sequence <= heldUpTo,
      settled: (sequence) => (sequence <= heldUpTo ? Promise.resolve() : settling.wait(sequence)),
    },
  });
  let decided = 0;
  const ask = (): Promise<readonly number[]> =>
    commands.submit({
      actor: 'coordinator',
      request: { id: 'a'.repeat(26) as RequestId, commandHash: new Uint8Array(16).fill(1) },
      decide: () => {
        decided += 1;
        const name = `decided ${decided}`;
        return ok([{ type: 'DirectoryCreated', parentId: ROOT_FILE_ID, name, mode: 0o755, modified: AT }]);
      },
      answer: (events) => events.map(({ envelope }) => envelope.position.sequence),
    });
  const before = log.head.sequence;
  const codeOf = async (answer: Promise<unknown>): Promise<unknown> =>
    answer.then(
      () => 'answered',
      (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
    );

  for (const _ of ['at first', 'while they are still away']) {
    const refused = codeOf(ask());
    // The block is written meanwhile.
    for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate);
    expect(log.head.sequence).toBe(before + 1);
    await time.advance(LIMITS.witnessPatienceMs + 1);
    expect(await refused).toBe('WITNESSES_UNREACHABLE');
  }
  heldUpTo = before + 1;
  expect(await ask()).toEqual([before + 1]);
  expect(log.head.sequence).toBe(before + 1);
  expect(decided).toBe(1);
  await commands.stop();
});

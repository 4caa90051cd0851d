import { describe, expect, it } from 'vitest';
import { createLog, openLog, openLogCopy, verifyLog, type EventLog } from '../../../src/events/index.js';
import { SeededRandom, SimFileSystem } from '../../simulation/ports/index.js';
import {
  bytesOf,
  commitBlock,
  copyOptions,
  damagesOf,
  digestsOf,
  endorsed,
  foundedLog,
  IDENTITY,
  largeBlock,
  logKey,
  logOptions,
  readAll,
  smallEvent,
} from '../../support/logs.js';

const SIGNERS = [logKey(1), logKey(2), logKey(3)];
const rotation = { signer: logKey(2), endorsement: endorsed(logKey(2)) };
const start = { signer: logKey(3), endorsement: endorsed(logKey(3)), identitySigner: IDENTITY, reason: 'a test' };

/** Does something with the power failing at its first operation, its second, and so on, until it gets through; says how often. */
async function atEveryOperation(play: (disk: SimFileSystem, nth: number) => Promise<'died' | 'through'>): Promise<number> {
  for (let nth = 1; ; nth += 1) {
    const disk = new SimFileSystem({ random: new SeededRandom(`power ${nth}`) });
    if ((await play(disk, nth)) === 'through') return nth;
  }
}

async function outcome(work: Promise<unknown>): Promise<'died' | 'through'> {
  try {
    await work;
    return 'through';
  } catch (error) {
    expect(String(error)).toMatch(/ESHUTDOWN/);
    return 'died';
  }
}

describe('a loss of power at every operation', () => {
  for (const [name, change] of [
    ['of a rotation', (log: EventLog) => log.rotateKey(rotation)],
    ['of the start of an epoch', (log: EventLog) => log.startEpoch(start)],
  ] as const) {
    it(`${name} leaves a log that opens with the key before or after it`, async () => {
      const keys = new Set<string>();
      const operations = await atEveryOperation(async (disk, nth) => {
        const log = await foundedLog(disk, '');
        await commitBlock(log, [smallEvent('before')]);
        disk.faults.cutPowerAt(nth);
        const ended = await outcome(change(log));
        const revived = disk.crash();
        const options = logOptions(revived, '', { signer: SIGNERS });
        const again = await openLog(options);
        keys.add(Buffer.from(again.publicKey).toString('hex'));
        expect(again.head.sequence).toBeGreaterThanOrEqual(ended === 'through' ? 3 : 2);
        await commitBlock(again, [smallEvent('after')]);
        expect(await damagesOf(again.verify())).toEqual([]);
        await again.close();
        expect(await damagesOf(verifyLog(options))).toEqual([]);
        return ended;
      });
      expect(operations).toBeGreaterThan(5);
      expect(keys.size).toBe(2);
    });
  }

  it('of a cut leaves a copy that ends at the cut or later, and takes the new epoch when it comes again', async () => {
    const disk = new SimFileSystem();
    const log = await foundedLog(disk, '');
    await commitBlock(log, [smallEvent('common')]);
    const shared = bytesOf(await readAll(log));
    for (let index = 0; index < 5; index += 1) await commitBlock(log, largeBlock);
    const old = bytesOf(await readAll(log));
    const restored = await createLog(logOptions(disk, '', { directory: '/restored', signer: SIGNERS }));
    await restored.adopt(shared);
    await restored.startEpoch(start);
    await commitBlock(restored, largeBlock);
    const fresh = bytesOf(await readAll(restored));
    const operations = await atEveryOperation(async (own, nth) => {
      const copy = await openLogCopy(copyOptions(own, ''));
      await copy.append(old);
      own.faults.cutPowerAt(nth);
      const ended = await outcome(copy.append(fresh));
      const revived = own.crash();
      const again = await openLogCopy(copyOptions(revived, ''));
      const held = digestsOf(await readAll(again));
      const before = digestsOf(old).slice(0, held.length);
      const after = digestsOf(fresh).slice(0, held.length);
      expect([before.join(), after.join()]).toContain(held.join());
      expect(held.length).toBeGreaterThanOrEqual(ended === 'through' ? fresh.length : shared.length);
      expect(await again.append(fresh)).toEqual(restored.head);
      expect(await damagesOf(again.verify())).toEqual([]);
      await again.close();
      expect(await damagesOf(verifyLog(copyOptions(revived, '')))).toEqual([]);
      return ended;
    });
    expect(operations).toBeGreaterThan(20);
    await restored.close();
    await log.close();
  });
});

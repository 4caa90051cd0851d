import { describe, expect, it } from 'vitest';
import { isCollectiveError } from '../../../src/base/index.js';
import { createLog, openLog, type EventLog, type StoredBlock } from '../../../src/events/index.js';
import { SimFileSystem } from '../../simulation/ports/index.js';
import { draftOf } from '../../support/events.js';
import { failureOf, told } from '../../support/failures.js';
import { collect, commitBlock, damagesOf, largeBlock, logOptions, namesOf, readAll, smallEvent } from '../../support/logs.js';

const BLOCK = largeBlock;

/** Commits until it fails; the failure, or undefined when all went well. */
async function commitSome(log: EventLog, acknowledged: StoredBlock[]): Promise<unknown> {
  try {
    for (let index = 0; index < 5; index += 1) acknowledged.push(await commitBlock(log, BLOCK));
    return undefined;
  } catch (error) {
    return error;
  }
}

async function newLog(disk: SimFileSystem): Promise<EventLog> {
  return createLog(logOptions(disk, ''));
}

async function openOrCreate(disk: SimFileSystem): Promise<EventLog> {
  try {
    return await openLog(logOptions(disk, ''));
  } catch (error) {
    expect(error).toMatchObject({ code: 'NOT_FOUND' });
    return newLog(disk);
  }
}

describe('a disk that fails', () => {
  it.each(['write', 'sync', 'syncDirectory', 'open'] as const)(
    'in any %s ends the log for good, and the next start has all that was acknowledged',
    async (operation) => {
      for (let nth = 1; ; nth += 1) {
        const disk = new SimFileSystem();
        const log = await newLog(disk);
        disk.faults.plan({ operation, nth, errno: 'EIO' });
        const acknowledged: StoredBlock[] = [];
        const failure = await commitSome(log, acknowledged);
        if (failure === undefined) {
          expect(nth).toBeGreaterThan(1);
          return;
        }
        expect(failure).toMatchObject({ code: 'LOG_FAILED' });
        expect(log.failure).toBe(failure);
        expect(() => log.begin()).toThrow(expect.objectContaining({ code: 'LOG_FAILED' }));
        expect(() => log.read({ fromSequence: 1 })).toThrow(expect.objectContaining({ code: 'LOG_FAILED' }));
        for (const next of [disk.killProcess(), disk.crash('nothing'), disk.crash('everything')]) {
          const again = await openLog(logOptions(next, ''));
          const blocks = await readAll(again);
          expect(namesOf(blocks).slice(0, acknowledged.length)).toEqual(namesOf(acknowledged));
          expect(blocks.length - acknowledged.length).toBeLessThanOrEqual(1);
          expect(await damagesOf(again.verify())).toEqual([]);
          await commitBlock(again, BLOCK);
          await again.close();
        }
      }
    },
  );

  it('never has a failed sync tried again', async () => {
    const disk = new SimFileSystem();
    const log = await newLog(disk);
    await commitBlock(log, BLOCK);
    disk.faults.plan({ operation: 'sync', errno: 'EIO' });
    expect(told(await failureOf(commitBlock(log, BLOCK)))).toContain('LOG_FAILED');
    const syncs = disk.faults.count('sync');
    expect(() => log.begin()).toThrow(expect.objectContaining({ code: 'LOG_FAILED' }));
    await log.close();
    expect(disk.faults.count('sync')).toBe(syncs);
  });

  it('in reading says so, and the log goes on', async () => {
    const disk = new SimFileSystem();
    const log = await newLog(disk);
    await commitBlock(log, BLOCK);
    disk.faults.plan({ operation: 'read', errno: 'EIO' });
    expect(told(await failureOf(readAll(log)))).toContain('IO_FAILED');
    expect(await readAll(log)).toHaveLength(1);
    await commitBlock(log, BLOCK);
    disk.faults.plan({ operation: 'read', pathContains: '.segment', errno: 'EIO' });
    expect((await damagesOf(log.verify())).join()).toContain('cannot be read');
    await log.close();
  });

  it('while a log is opened leaves no file open', async () => {
    for (let nth = 1; ; nth += 1) {
      const disk = new SimFileSystem();
      const log = await newLog(disk);
      await commitBlock(log, BLOCK);
      await log.close();
      disk.faults.plan({ nth, errno: 'EIO' });
      try {
        await (await openLog(logOptions(disk, ''))).close();
        break;
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        expect(disk.openHandles).toBeLessThanOrEqual(1);
      }
    }
  });
});

describe('a full disk', () => {
  const capacityBytes = 512 * 1024;

  it('refuses a commit cleanly; the log is readable, and goes on once there is room, without a restart', async () => {
    const disk = new SimFileSystem({ capacityBytes });
    const log = await newLog(disk);
    const ballast = await disk.open('/ballast', 'create-new');
    await ballast.write(new Uint8Array(128 * 1024), 0);
    const acknowledged: StoredBlock[] = [];
    let failure = await commitSome(log, acknowledged);
    while (failure === undefined) failure = await commitSome(log, acknowledged);
    expect(failure).toMatchObject({ code: 'NOT_ENOUGH_SPACE' });
    expect(log.failure).toBeUndefined();
    expect(namesOf(await readAll(log))).toEqual(namesOf(acknowledged));
    expect(told(await failureOf(commitBlock(log, BLOCK)))).toContain('NOT_ENOUGH_SPACE');
    await ballast.truncate(0);
    acknowledged.push(await commitBlock(log, BLOCK));
    expect(namesOf(await readAll(log))).toEqual(namesOf(acknowledged));
    expect(await damagesOf(log.verify())).toEqual([]);
    await log.close();
    const again = await openLog(logOptions(disk.crash(), ''));
    expect(namesOf(await readAll(again))).toEqual(namesOf(acknowledged));
  });

  it('in any write refuses or fails, and never loses what was acknowledged', async () => {
    for (let nth = 1; ; nth += 1) {
      const disk = new SimFileSystem();
      const log = await newLog(disk);
      disk.faults.plan({ operation: 'write', nth, errno: 'ENOSPC' });
      const acknowledged: StoredBlock[] = [];
      const failure = await commitSome(log, acknowledged);
      if (failure === undefined) return;
      expect(isCollectiveError(failure) && ['NOT_ENOUGH_SPACE', 'LOG_FAILED'].includes(failure.code)).toBe(true);
      if (log.failure === undefined) acknowledged.push(await commitBlock(log, BLOCK));
      const again = await openLog(logOptions(disk.crash(), ''));
      expect(namesOf(await readAll(again)).slice(0, acknowledged.length)).toEqual(namesOf(acknowledged));
      expect(await damagesOf(again.verify())).toEqual([]);
    }
  });

  it('refused builders leave their positions to the next', async () => {
    const disk = new SimFileSystem();
    const log = await newLog(disk);
    disk.faults.plan({ operation: 'write', errno: 'ENOSPC' });
    const builder = log.begin();
    builder.add(draftOf(smallEvent('a')));
    expect(told(await failureOf(builder.commit()))).toContain('NOT_ENOUGH_SPACE');
    expect((await commitBlock(log, [smallEvent('b')])).header.firstSequence).toBe(1);
    await log.close();
  });
});

describe('opening', () => {
  it('takes the same operations, however long the log is', async () => {
    const operations: number[] = [];
    for (const blocks of [3, 60]) {
      const disk = new SimFileSystem();
      const log = await createLog(logOptions(disk, '', { segmentBytes: 64 * 1024 * 1024 }));
      for (let index = 0; index < blocks; index += 1) await commitBlock(log, BLOCK);
      await log.close();
      const before = disk.faults.count();
      const again = await openLog(logOptions(disk, '', { segmentBytes: 64 * 1024 * 1024 }));
      operations.push(disk.faults.count() - before);
      expect(await collect(again.read({ fromSequence: blocks * 10 }))).toHaveLength(1);
      await again.close();
    }
    expect(operations[0]).toBe(operations[1]);
  });

  it('an unfinished creation is done again', async () => {
    for (let nth = 1; ; nth += 1) {
      const disk = new SimFileSystem();
      disk.faults.cutPowerAt(nth);
      const failure = await newLog(disk).then(
        () => undefined,
        (error: unknown) => error,
      );
      const next = disk.crash();
      const log = await openOrCreate(next);
      expect((await commitBlock(log, [smallEvent('a')])).lastSequence).toBe(1);
      await log.close();
      if (failure === undefined) return;
    }
  });
});
